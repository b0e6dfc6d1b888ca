// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <memory>

#include "core/plugin/catalog.hpp"

namespace fk::core {

// Where the program finds what it works with: beside its own build tree, or where it was installed.
struct Paths {
  std::filesystem::path root;  // the source tree, or <prefix>/share/fastkernels
  std::filesystem::path registry, plugins, packages, examples;
  std::vector<std::filesystem::path> candidates;
};
// FK_ROOT and FK_PLUGINS take the place of what is worked out; FK_CANDIDATES (folders with ':'
// between) comes on top.
Paths find_paths();
// As people read it: from the working folder on, unless it lies far outside.
std::filesystem::path shown(const std::filesystem::path&);

// The registry and every plugin: baselines, then candidates, whose changed sources are built first
// (progress and compiler errors go to stderr; what does not build is left out, the rest keeps
// working).
class Workspace {
 public:
  // kLater: their folders are known and none of them is opened, see admit().
  enum class Candidates { kBuild, kLater, kIgnore };
  explicit Workspace(Candidates, const std::vector<std::string>& more_candidates = {});
  const Paths& paths() const { return paths_; }
  const Registry& registry() const { return *registry_; }
  const Catalog& catalog() const { return *catalog_; }
  Catalog& catalog() { return *catalog_; }
  bool has_candidates() const;  // some folder has a plugin.yaml

 private:
  Paths paths_;
  std::unique_ptr<Registry> registry_;
  std::unique_ptr<Catalog> catalog_;
};

}  // namespace fk::core
