// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/cli/flags.hpp"
#include "core/record/recorder.hpp"

namespace fk::core {

// --store FILE and --no-store, of the commands that measure and judge.
struct StoreFlags {
  std::string file;
  bool off = false;

  void add_to(CLI::App&);
  record::Recorder recorder() const { return record::Recorder(!off, file); }
};

}  // namespace fk::core
