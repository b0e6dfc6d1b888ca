// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>

#include "core/cli/flags.hpp"
#include "core/record/recorder.hpp"

namespace fk::core {

// --store FILE, of every command that reads the results store.
struct StoreFlags {
  std::string file;

  CLI::Option* add_to(CLI::App&);
  std::filesystem::path path() const;
  store::Store to_read() const;
};

// And --no-store, of the commands that measure and judge.
struct RecordFlags : StoreFlags {
  bool off = false;

  void add_to(CLI::App&);
  record::Recorder recorder() const { return record::Recorder(!off, file); }
};

// "2026-11-21", "2026-11-21T08", ... as it is; "7d", "12h", "30m" as that long ago. Throws Error
// for anything else.
std::string since_when(const std::string& text);

}  // namespace fk::core
