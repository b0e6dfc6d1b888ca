// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/spec/registry.hpp"

namespace fk::core {

// One implementation of one task out of one loaded plugin. Lives for ever (plugins are never unloaded).
struct Implementation {
  const fk_impl* impl;
  std::string plugin, name, version;     // id() = plugin/name, unique with the hash
  std::string hash;                      // content hash of the .so, hex
  enum class Kind { kBaseline, kReference, kCandidate } kind;
  std::string file;
  std::string id() const { return plugin + "/" + name; }
};

// Something that was found and not taken, and why (shown by `fk list` and when a pin names it).
struct Refusal { std::string plugin, implementation, task, file, reason; };

// All plugins of some folders. A plugin is a folder or file with a plugin.yaml beside its .so.
class Catalog {
 public:
  explicit Catalog(const Registry&);
  // Loads every plugin under `folder`; what cannot be loaded becomes a Refusal, never an exception.
  void add_folder(const std::filesystem::path& folder, Implementation::Kind kind);
  void add_file(const std::filesystem::path& so, Implementation::Kind kind);
  std::vector<const Implementation*> implementations(std::string_view task) const;
  const std::vector<Refusal>& refusals() const;
  const Registry& registry() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace fk::core
