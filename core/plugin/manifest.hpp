// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fk::core {

// plugin.yaml: what a plugin is, readable without opening it. Either `library` (prebuilt) or
// `sources` (globs).
struct Manifest {
  std::string name, version, library;
  std::vector<std::string> sources, libs, flags, tasks;
  // Libraries that its code, or one that it is linked with, opens while it runs: by file name.
  std::vector<std::string> opens;
  enum class Language { kC, kCxx, kCuda } language = Language::kCxx;
  std::filesystem::path file;  // of the plugin.yaml

  std::filesystem::path folder() const { return file.parent_path(); }
  // Throws Error "file:line:column: what": unknown key (with the nearest valid one), wrong type,
  // missing key, a path that leaves the folder.
  static Manifest parse(std::string_view text, const std::filesystem::path& file);
  static Manifest read(const std::filesystem::path& file);
};

}  // namespace fk::core
