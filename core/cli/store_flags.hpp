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
  std::string server;  // of --mlflow

  // Keeps the app: its flags are part of what is said to a tracking server.
  void add_to(CLI::App&);
  record::Recorder recorder() const;

 private:
  tracking::Command command() const;
  const CLI::App* app_ = nullptr;
};

// "2026-11-21", "2026-11-21T08", ... as it is; "7d", "12h", "30m" as that long ago. Throws Error
// for anything else.
std::string since_when(const std::string& text);

}  // namespace fk::core
