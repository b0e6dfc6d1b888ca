// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <set>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/judge/cases/case.hpp"
#include "core/spec/parse.hpp"

namespace fk::cases {
namespace {

namespace fs = std::filesystem;
using core::Json;

fs::path file_of(const core::Registry& registry, const std::string& name) {
  return registry.folder() / "odd" / (name + ".yaml");
}

Json read(const core::Registry& registry, const std::string& name) {
  const fs::path path = file_of(registry, name);
  if (!fs::exists(path)) return {};
  return core::to_json(core::load_yaml(path).root);
}

std::vector<double> numbers(const Json& json) {
  std::vector<double> out;
  for (const Json& v : json.is_array() ? json : Json::array({json}))
    out.push_back(v.is_string() ? std::stod(v.get<std::string>()) : v.get<double>());  // nan, -inf
  return out;
}

// The sizes that the shapes of the task's arguments and states name.
std::set<std::string> sizes_of(const core::TaskSpec& task) {
  std::set<std::string> names;
  for (const core::Field& f : task.args) {
    if (f.tensor.ellipsis) names.insert("n");
    for (const core::Expr& e : f.tensor.shape)
      for (const std::string& name : e.names()) names.insert(name);
  }
  for (const core::Field& f : task.states)
    for (const core::Expr& e : f.tensor.shape)
      for (const std::string& name : e.names()) names.insert(name);
  return names;
}

Case parse(const core::Registry& registry, const core::TaskSpec& task, const Json& init,
           const Json& row) {
  Case c;
  c.init = init.is_null() ? Json::object() : init;
  const std::set<std::string> sizes = sizes_of(task);
  std::set<std::string> fields;
  for (const core::Field& f : task.init) fields.insert(f.name);
  for (const auto& [key, value] : row.items()) {
    if (fields.contains(key))
      c.init[key] = value;
    else if (key == "seqs")
      c.seqs = Case::sequences(value);
    else if (key == "slots")
      c.no_slots = value == "none";
    else if (key == "only")
      c.cuda_only = value == "cuda";
    else if (key == "inputs")
      for (const auto& [name, values] : value.items()) c.inputs[name] = numbers(values);
    else if (sizes.contains(key))
      c.dims[key] = value;
    else
      core::bad_input(
          "{}: \"{}\" in {}: expected an init field of {}, a size of its shapes, "
          "seqs, slots, inputs or only",
          file_of(registry, task.name).string(), key, row.dump(), task.name);
  }
  return c;
}

}  // namespace

std::vector<Case> odd_cases_of(const core::Registry& registry, const core::TaskSpec& task) {
  const Json file = read(registry, task.name);
  if (file.is_null()) return {};
  Json rows = Json::array();
  if (file.contains("like")) rows = read(registry, file["like"].get<std::string>())["rows"];
  if (file.contains("rows")) rows.insert(rows.end(), file["rows"].begin(), file["rows"].end());
  const Json dtypes = file.value("dtypes", Json{"float32", "bfloat16", "float16"});
  std::vector<Case> out;
  for (size_t i = 0; i < rows.size(); ++i)
    for (const Json& dtype : dtypes) {
      Case c = parse(registry, task, file.value("init", Json()), rows[i]);
      c.row = int(i);
      c.dtype = *core::parse_dtype(dtype.get<std::string>());
      c.text = rows[i].dump();
      c.name = c.family = fmt::format("odd_{}/{}", i + 1, dtype.get<std::string>());
      out.push_back(c);
      // Gaps that keep 16-byte accesses possible, and such as do not; each with other options.
      c.name += "/strided";
      c.strided = true;
      c.gap = i % 2 ? 16 : 3;
      c.optional = i % 4 < 2;
      c.wide = i % 3 == 0 ? Case::Wide::kNo : i % 3 == 1 ? Case::Wide::kWritten : Case::Wide::kAll;
      out.push_back(c);
    }
  return out;
}

}  // namespace fk::cases
