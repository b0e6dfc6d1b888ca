// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <deque>
#include <optional>

#include "core/cli/flags.hpp"
#include "core/cli/workspace.hpp"
#include "core/judge/judge.hpp"
#include "core/judge/timing/bench.hpp"
#include "core/record/machine.hpp"

namespace fk::core {

// The flags of the commands that judge. They open no plugin in this process.
struct JudgeFlags {
  std::string task, only, cases;
  std::vector<std::string> candidates, without;
  std::string device = "cpu";
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
  std::deque<judge::PluginFile> plugins;  // baselines, then candidates, then old versions

  explicit Court(const JudgeFlags&);
  const record::Machine& machine();  // that judges
  bool on_a_card() const { return judge.options().runner.device.type != FK_CPU; }

 private:
  std::optional<record::Machine> machine_;
};

// An implementation and the plugin that holds it.
struct Subject {
  const judge::PluginFile* plugin;
  std::string task, implementation, version;
  bool composite;

  judge::Contestant contestant() const { return {plugin, implementation, version}; }
  // As record::context_of has it: of what its children may be computed by.
  std::string context(const Court&) const;
};

// The implementations of a task that a selector names (plugin or plugin/name, with @hash a version
// of it, out of the cache where its file is gone); all for "". Plugins that cannot be opened are
// said on stderr. Throws Error when a name matches none.
std::vector<Subject> subjects(Court&, const std::string& task, const std::string& name);

}  // namespace fk::core
