// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>

#include "core/spec/task_spec.hpp"

namespace fk::core {

// Every task, struct and enum of a registry folder. Immutable once loaded; shared between threads
// without locking.
class Registry {
 public:
  // Throws Error "file:line:column: what (did you mean x?)" for the first thing that is wrong.
  static Registry load(const std::filesystem::path& folder);
  // The same from memory: (path, text) pairs. Paths begin with structs/ or tasks/ and name the
  // things that are in them.
  static Registry parse(const std::vector<std::pair<std::string, std::string>>& files);
  // Where it was loaded from; empty for one that was parsed from memory.
  const std::filesystem::path& folder() const { return folder_; }
  const TaskSpec* find(std::string_view task) const;
  const TaskSpec& task(std::string_view name) const;  // throws with the nearest name
  const StructSpec& struct_spec(std::string_view name) const;
  const EnumSpec& enum_spec(std::string_view name) const;
  const StructSpec* find_struct(std::string_view name) const;
  const EnumSpec* find_enum(std::string_view name) const;
  const std::map<std::string, TaskSpec, std::less<>>& tasks() const { return tasks_; }
  const std::map<std::string, StructSpec, std::less<>>& structs() const { return structs_; }
  const std::map<std::string, EnumSpec, std::less<>>& enums() const { return enums_; }

 private:
  friend class RegistryLoader;
  std::filesystem::path folder_;
  std::map<std::string, TaskSpec, std::less<>> tasks_;
  std::map<std::string, StructSpec, std::less<>> structs_;
  std::map<std::string, EnumSpec, std::less<>> enums_;
};

// An init struct in memory with the layout of the generated C struct, built from JSON or copied
// from a caller's struct. Owns everything it points to except instances.
class InitValue {
 public:
  // Unknown keys, wrong types and missing required fields throw, with the nearest valid name.
  static InitValue from_json(const Registry&, const TaskSpec&, const Json& fields);
  // Deep copy of a generated struct that a plugin handed over. Fields past its struct_size take
  // their defaults.
  static InitValue from_struct(const Registry&, const TaskSpec&, const void* init);
  const void* data() const;
  // Canonical text, e.g. {"in_features":576,...}: all fields in order, defaults filled in.
  // Instances print as what `instance_text` says for the pointer (so that equal instances compare
  // equal).
  Json to_json(const std::function<Json(const fk_instance*)>& instance_text = {}) const;
  std::optional<Value> lookup(
      std::string_view field) const;  // for expressions; optional ints absent -> nullopt from has()
  const TaskSpec& task() const;
  // Fields of type `instance` that came from JSON: the init of the child that has to be built for
  // them first. The pointer in data() is NULL until set_instance() puts it there; do that before
  // sharing the value.
  std::vector<std::pair<std::string, Json>> pending_instances() const;
  void set_instance(std::string_view field, const fk_instance* instance);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// An args or step struct built by field name; for engines, tools and tests that know a task only by
// its spec.
class StructValue {
 public:
  static StructValue args(const TaskSpec&);
  static StructValue step(const StructSpec&);
  void set(std::string_view field, const fk_tensor* t);  // throws for an unknown field
  void set(std::string_view field, int64_t v);
  void set(std::string_view field, double v);
  void set(std::string_view field,
           std::vector<const fk_tensor*> list);  // keeps its own copy of the list
  void* data();
  const void* data() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace fk::core
