// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/store/sqlite.hpp"

namespace fk::store {

constexpr int kSchemaVersion = 3;
constexpr int64_t kApplicationId = 0x464b5231;  // "FKR1", in the file's header

// What a file is.
struct Schema {
  enum class Kind { kEmpty, kOurs, kForeign } kind = Kind::kEmpty;
  int64_t version = 0;
};
Schema schema_of(Database&, const std::string& attached = "main");
// Throws Error for another program's file and for a version that is newer than ours.
Schema refuse_unreadable(Database&, const std::string& path, const std::string& attached = "main");

// Brings an empty or older store to kSchemaVersion in one transaction. Several processes may.
void migrate(Database&);

}  // namespace fk::store
