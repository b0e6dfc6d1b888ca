// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/cli/flags.hpp"
#include "core/cli/workspace.hpp"
#include "core/judge/judge.hpp"

namespace fk::core {

// The flags of the commands that judge. They open no plugin in this process.
struct JudgeFlags {
  std::string task, only, cases;
  std::vector<std::string> candidates;
  double deadline = 10;
  int threads = 2;
  uint64_t seed = 0;
  bool json = false;

  void add_to(CLI::App&);
};

// Where everything is that judging takes: the registry, the Judge, and every plugin that was found.
struct Court {
  Paths paths;
  Registry registry;
  judge::CapturedCases captured;  // of --cases
  judge::Judge judge;
  std::vector<judge::PluginFile> plugins;  // baselines, then candidates

  explicit Court(const JudgeFlags&);
};

// An implementation and the plugin that holds it.
struct Subject {
  const judge::PluginFile* plugin;
  std::string task, implementation;
};

// The implementations of a task whose name (plugin or plugin/name) is `name`; all for "". Plugins
// that cannot be opened are said on stderr. Throws Error when a name matches none.
std::vector<Subject> subjects(Court&, const std::string& task, const std::string& name);

}  // namespace fk::core
