// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "core/plugin/catalog.hpp"

namespace fk::judge {

// A plugin as the Judge knows it: by its bytes. It never opens one.
struct PluginFile {
  std::string name, hash;
  std::filesystem::path so, copy, yaml;  // copy: what will be opened
  bool baseline = false;
  std::string refusal;             // why it cannot be opened; empty when it can
  std::vector<std::string> opens;  // as Manifest::opens
  // To be named: the library, or what should have led to one.
  const std::filesystem::path& file() const { return so.empty() ? yaml : so; }
};

// Every plugin below a folder; sources are built first, where a builder is given.
std::vector<PluginFile> plugin_files(const std::filesystem::path& folder, bool baseline,
                                     const core::SourceBuilder& builder = {});

// Versions of a plugin that were used before and lie in the cache of plugins, whatever became of
// their files: those whose hash begins so. Nobody's baselines.
std::vector<PluginFile> cached_plugins(const std::string& name, const std::string& hash);

// Whether the file's bytes name the task: all that do not cannot implement it.
bool may_implement(const PluginFile&, const std::string& task);

}  // namespace fk::judge
