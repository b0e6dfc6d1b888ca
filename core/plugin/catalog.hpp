// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/plugin/baseline_order.hpp"
#include "core/plugin/discovery.hpp"
#include "core/spec/registry.hpp"

namespace fk::core {

// One implementation of one task out of one loaded plugin. Lives for ever (plugins are never
// unloaded).
struct Implementation {
  const fk_impl* impl;
  std::string plugin, name, version;  // id() = plugin/name, unique with the hash
  std::string hash;                   // content hash of the .so, hex
  enum class Kind { kBaseline, kReference, kCandidate } kind;
  std::string file;
  std::string id() const { return plugin + "/" + name; }
};

// Something that was found and not taken, and why (shown by `fk list` and when a pin names it).
struct Refusal {
  std::string plugin, implementation, task, file, reason;
  std::vector<std::string> tasks{};  // of a whole plugin: what its manifest says it implements
  bool concerns(std::string_view of) const {
    return task == of || std::find(tasks.begin(), tasks.end(), of) != tasks.end();
  }
};

// All plugins of some folders. A plugin is a folder with a plugin.yaml that names its .so or its
// sources. Copies share one list. The registry must outlive it.
class Catalog {
 public:
  explicit Catalog(const Registry&);
  // Without one, folders with sources become refusals. CandidateBuilder::builder() is the one to
  // give.
  void use_builder(SourceBuilder);
  // Loads every plugin under `folder`; what cannot be loaded becomes a Refusal, never an exception.
  // An order.yaml in a folder of baselines is their order.
  void add_folder(const std::filesystem::path& folder, Implementation::Kind kind);
  // One library; a plugin.yaml beside it that names it must agree with it.
  void add_file(const std::filesystem::path& so, Implementation::Kind kind);
  // Exactly this file, which is a copy that nobody will change: no manifest, no copy of its own.
  void add_copy(const std::filesystem::path& copy, Implementation::Kind kind);
  // Instead of that of a folder.
  void use_order(BaselineOrder);
  // In the order they were loaded. Pointers live for ever.
  std::vector<const Implementation*> implementations(std::string_view task) const;
  const std::vector<Refusal>& refusals() const;
  const Registry& registry() const;
  const BaselineOrder& order() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace fk::core
