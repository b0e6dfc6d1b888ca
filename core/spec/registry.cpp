// SPDX-License-Identifier: Apache-2.0
#include "core/spec/registry.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

#include "core/base/nearest.hpp"
#include "core/spec/parse.hpp"
#include "core/spec/resolve.hpp"
#include "core/spec/signature.hpp"

namespace fk::core {
namespace {

namespace fs = std::filesystem;

// Sorted, so that the first mistake is the same one everywhere.
std::vector<fs::path> yaml_files(const fs::path& folder) {
  std::vector<fs::path> out;
  if (!fs::is_directory(folder)) return out;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".yaml") out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

struct TaskFile {
  YamlFile file;
  TaskSpec task;
};

// Reading is most of the time that loading takes, and every file stands for itself.
std::vector<TaskFile> read_tasks(const std::vector<fs::path>& paths) {
  std::vector<TaskFile> out(paths.size());
  std::vector<std::exception_ptr> errors(paths.size());
  std::atomic<size_t> next{0};
  auto work = [&] {
    for (size_t i; (i = next++) < paths.size();) {
      try {
        out[i].file = load_yaml(paths[i]);
        out[i].task = parse_task(out[i].file.root);
      } catch (...) { errors[i] = std::current_exception(); }
    }
  };
  const size_t count = std::min<size_t>(
      {4, std::max(1u, std::thread::hardware_concurrency()), paths.size() / 32 + 1});
  std::vector<std::jthread> threads;
  for (size_t i = 1; i < count; ++i) threads.emplace_back(work);
  work();
  threads.clear();
  for (const std::exception_ptr& e : errors)
    if (e) std::rethrow_exception(e);
  return out;
}

template <class Map>
[[noreturn]] void unknown(const char* what, std::string_view name, const Map& map) {
  std::vector<std::string> names;
  for (const auto& [n, _] : map) names.push_back(n);
  bad_input("unknown {} \"{}\"{}", what, name, did_you_mean(name, names));
}

}  // namespace

// Reads every file, then resolves what they say about each other; the trees live until then for the
// places of mistakes.
class RegistryLoader {
 public:
  Registry load(const fs::path& folder) {
    if (!fs::is_directory(folder))
      missing("{}: is no folder, expected a registry with tasks/ and structs/", folder.string());
    registry_.folder_ = folder;
    for (const fs::path& file : yaml_files(folder / "structs")) add_shared(load_yaml(file));
    for (TaskFile& f : read_tasks(yaml_files(folder / "tasks")))
      add_task(std::move(f.file), std::move(f.task));
    return resolve();
  }
  Registry load(const std::vector<std::pair<std::string, std::string>>& files) {
    for (const auto& [path, text] : files)
      if (path.starts_with("structs/")) add_shared(parse_yaml(text, path));
    for (const auto& [path, text] : files)
      if (path.starts_with("tasks/")) {
        YamlFile file = parse_yaml(text, path);
        TaskSpec task = parse_task(file.root);
        add_task(std::move(file), std::move(task));
      }
    return resolve();
  }

 private:
  Registry resolve() {
    for (auto& [name, s] : registry_.structs_)
      resolve_struct(registry_, s, file_of_.at("struct " + name).root);
    for (auto& [name, s] : registry_.structs_) check_no_cycle(s, {});
    for (auto& [name, t] : registry_.tasks_)
      resolve_task(registry_, t, file_of_.at("task " + name).root);
    for (auto& [name, t] : registry_.tasks_)
      check_cases(registry_, t, file_of_.at("task " + name).root);
    for (auto& [name, t] : registry_.tasks_) sign(t, {});
    return std::move(registry_);
  }
  void add_shared(YamlFile file) {
    const Yaml& root = file.root.as_map("a struct or an enum (a map)");
    if (root.find("enum")) {
      EnumSpec e = parse_enum(root);
      claim(e.name, "enum", root);
      registry_.enums_.emplace(e.name, e);
      file_of_.emplace("enum " + e.name, std::move(file));
    } else {
      StructSpec s = parse_struct(root);
      claim(s.name, "struct", root);
      registry_.structs_.emplace(s.name, s);
      file_of_.emplace("struct " + s.name, std::move(file));
    }
  }
  void add_task(YamlFile file, TaskSpec t) {
    if (const TaskSpec* other = registry_.find(t.name))
      fail_at(*file.root.find("task"),
              "the task \"{}\" is defined in {} too, expected one of the two", t.name, other->file);
    file_of_.emplace("task " + t.name, std::move(file));
    registry_.tasks_.emplace(t.name, std::move(t));
  }
  // Generated types are fk_<name>: structs and enums share the names of C with the ABI.
  void claim(const std::string& name, const char* kind, const Yaml& root) const {
    static constexpr std::string_view kTaken[] = {
        "str",    "opt_i64", "i64s",     "dtype", "device", "tensor", "tensors",
        "status", "run",     "instance", "host",  "impl",   "plugin", "threads"};
    if (std::find(std::begin(kTaken), std::end(kTaken), name) != std::end(kTaken))
      fail_at(*root.find(kind), "fk_{} is a type of the ABI, expected another name", name);
    if (registry_.find_enum(name) || registry_.find_struct(name))
      fail_at(*root.find(kind), "the name \"{}\" is defined twice in structs/, expected it once",
              name);
  }
  void check_no_cycle(const StructSpec& s, std::vector<std::string> above) const {
    if (std::find(above.begin(), above.end(), s.name) != above.end())
      bad_input("{}: the struct {} contains itself ({} -> {})", s.file, s.name,
                fmt::join(above, " -> "), s.name);
    above.push_back(s.name);
    for (const Field& f : s.fields)
      if (f.type == FieldType::kStruct) check_no_cycle(registry_.struct_spec(f.of), above);
  }
  // An instance field carries the signature of its task, so that one comes first.
  void sign(TaskSpec& t, std::vector<std::string> above) {
    if (!t.signature_text.empty()) return;
    if (std::find(above.begin(), above.end(), t.name) != above.end())
      bad_input("{}: the task {} takes an instance of itself ({} -> {})", t.file, t.name,
                fmt::join(above, " -> "), t.name);
    above.push_back(t.name);
    for (const Field& f : t.init)
      if (f.type == FieldType::kInstance) sign(registry_.tasks_.find(f.of)->second, above);
    t.signature_text = signature_text(registry_, t);
    t.signature = fnv1a(t.signature_text);
  }

  Registry registry_;
  std::map<std::string, YamlFile, std::less<>> file_of_;
};

Registry Registry::load(const std::filesystem::path& folder) {
  return RegistryLoader().load(folder);
}
Registry Registry::parse(const std::vector<std::pair<std::string, std::string>>& files) {
  return RegistryLoader().load(files);
}

const TaskSpec* Registry::find(std::string_view task) const {
  auto at = tasks_.find(task);
  return at == tasks_.end() ? nullptr : &at->second;
}
const StructSpec* Registry::find_struct(std::string_view name) const {
  auto at = structs_.find(name);
  return at == structs_.end() ? nullptr : &at->second;
}
const EnumSpec* Registry::find_enum(std::string_view name) const {
  auto at = enums_.find(name);
  return at == enums_.end() ? nullptr : &at->second;
}
const TaskSpec& Registry::task(std::string_view name) const {
  if (const TaskSpec* t = find(name)) return *t;
  unknown("task", name, tasks_);
}
const StructSpec& Registry::struct_spec(std::string_view name) const {
  if (const StructSpec* s = find_struct(name)) return *s;
  unknown("struct", name, structs_);
}
const EnumSpec& Registry::enum_spec(std::string_view name) const {
  if (const EnumSpec* e = find_enum(name)) return *e;
  unknown("enum", name, enums_);
}

}  // namespace fk::core
