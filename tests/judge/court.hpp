// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <gtest/gtest.h>

#include "core/judge/judge.hpp"
#include "tests/support/task_runner.hpp"

namespace fk::judge {

// The build tree's Runner and baselines; short deadlines.
inline JudgeOptions court_options() {
  JudgeOptions o;
  o.runner.program = std::filesystem::path(FK_BUILD_DIR) / "bin/fk-runner";
  o.runner.registry = std::filesystem::path(FK_SOURCE_DIR) / "registry";
  o.runner.threads = 2;
  o.runner.address_space = size_t{2} << 30;
  o.plugins = std::filesystem::path(FK_BUILD_DIR) / "plugins";
  o.deadline = 4;
  return o;
}

inline PluginFile plugin_in(const std::filesystem::path& folder, bool baseline) {
  const auto found = plugin_files(folder, baseline);
  if (found.size() != 1 || !found[0].refusal.empty())
    throw std::runtime_error(folder.string() + ": " +
                             (found.empty() ? "no plugin" : found[0].refusal));
  return found[0];
}
inline PluginFile baseline_plugin(const std::string& name) {
  return plugin_in(court_options().plugins / name, true);
}
// `kind`: evil, honest, or the same for a card, cuda/evil and cuda/honest.
inline PluginFile corpus_plugin(const std::string& kind, const std::string& name) {
  const auto folder = std::filesystem::path(FK_BUILD_DIR) / "corpus" / kind / name;
  const auto found = plugin_files(folder, false);
  return found.at(0);  // some cannot be opened; that is a refusal too
}

inline std::vector<std::string> corpus(const std::string& kind) {
  std::vector<std::string> names;
  for (const auto& e : std::filesystem::directory_iterator(std::filesystem::path(FK_SOURCE_DIR) /
                                                           "tests/plugins" / kind))
    if (e.is_regular_file()) names.push_back(e.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

inline std::string failures(const CheckRecord& r) {
  std::string text = r.refusal;
  for (const CaseResult& c : r.cases)
    if (c.failed()) text += "\n" + c.name + ": " + c.code + ": " + c.text;
  return text;
}

}  // namespace fk::judge
