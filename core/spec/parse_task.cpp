// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>

#include "core/spec/layout.hpp"
#include "core/spec/parse.hpp"

namespace fk::core {
namespace {

// rms_norm.yaml must define rms_norm: a task is found by its file and the other way round.
void check_file_name(const Yaml& name) {
  const std::string stem = std::filesystem::path(*name.file).stem().string();
  if (name.text != stem)
    fail_at(name, "found the name \"{}\" in this file, expected \"{}\"", name.text, stem);
}

int parse_revision(const Yaml& root, std::string_view where) {
  const Yaml& n = root.at("revision", where);
  int64_t v = n.as_int("a revision number, 1 or more");
  if (v < 1 || v > 1'000'000) fail_at(n, "found {}, expected a revision number, 1 or more", v);
  return int(v);
}

void parse_fields(const Yaml& root, std::string_view key, Field::Role role,
                  std::vector<Field>& out) {
  const Yaml* section = root.find(key);
  if (!section || section->is_null()) return;
  section->as_map("a map from names to fields");
  for (size_t i = 0; i < section->keys.size(); ++i) {
    Field f = parse_field(section->keys[i], section->items[i], role);
    for (const Field& other : out)
      if (other.name == f.name)
        fail_at(section->keys[i],
                "the output \"{}\" has the name of an input, expected another name", f.name);
    out.push_back(std::move(f));
  }
}

void check_check(const Yaml& check) {
  check.as_map("a map such as {error_vs_baseline: 2.0}");
  check.only({"error_vs_baseline", "exact", "ties", "deterministic", "nonfinite", "without"},
             "check");
  for (size_t i = 0; i < check.keys.size(); ++i) {
    const Yaml& v = check.items[i];
    if (check.keys[i].text == "without")
      v.as_list("a list of hard inputs that it is not asked about: ties, scales, tiny, offset");
    else if (check.keys[i].text != "error_vs_baseline")
      v.as_bool("true or false");
    else if (!(v.as_float("a factor above 0") > 0))
      fail_at(v, "found {}, expected a factor above 0", v.text);
  }
  if (check.find("exact") && check.find("error_vs_baseline"))
    fail_at(check, "check has both \"exact\" and \"error_vs_baseline\", expected one");
}

void check_mirrors(const Yaml& mirrors) {
  for (const Yaml& v : mirrors.as_map("a map such as {vllm: RMSNorm}").items) {
    if (v.is_list())
      for (const Yaml& i : v.items) i.as_text("the name of a module");
    else
      v.as_text("the name of a module");
  }
}

}  // namespace

TaskSpec parse_task(const Yaml& root) {
  root.as_map("a task (a map with task, level, revision, doc, ...)");
  root.only({"task", "level", "revision", "doc", "mirrors", "interface", "step", "init", "params",
             "states", "inputs", "outputs", "check", "bytes", "flops", "cases"},
            "a task");
  TaskSpec t;
  t.file = *root.file;
  const Yaml& name = root.at("task", "the task");
  t.name = parse_name(name, "the name of a task");
  check_file_name(name);
  const Yaml& level = root.at("level", "the task");
  t.level = int(std::clamp<int64_t>(level.as_int("a level from 1 to 4"), 0, 5));
  if (t.level < 1 || t.level > 4)
    fail_at(level, "found {}, expected a level from 1 to 4", level.text);
  const std::string folder = std::filesystem::path(*root.file).parent_path().filename().string();
  if (folder.size() == 2 && folder[0] == 'L' && folder != fmt::format("L{}", t.level))
    fail_at(level, "found level {} in the folder {}, expected the two to agree", t.level, folder);
  t.revision = parse_revision(root, "the task");
  t.doc = root.at("doc", "the task").as_text("what the task computes");
  if (const Yaml* n = root.find("mirrors")) check_mirrors(*n), t.mirrors = to_json(*n);
  if (const Yaml* n = root.find("interface"))
    t.interface = parse_name(*n, "the name of an interface");
  if (const Yaml* n = root.find("step")) t.step = n->as_text("the name of a struct");
  parse_fields(root, "init", Field::Role::kInit, t.init);
  parse_fields(root, "params", Field::Role::kParam, t.params);
  parse_fields(root, "states", Field::Role::kState, t.states);
  parse_fields(root, "inputs", Field::Role::kIn, t.args);
  parse_fields(root, "outputs", Field::Role::kOut, t.args);
  if (t.args.empty()) fail_at(root, "the task has neither inputs nor outputs, expected some");
  if (const Yaml* n = root.find("check")) check_check(*n), t.check = to_json(*n);
  if (const Yaml* n = root.find("bytes")) t.bytes = parse_expr(*n, "an expression");
  if (const Yaml* n = root.find("flops")) t.flops = parse_expr(*n, "an expression");
  if (const Yaml* n = root.find("cases")) t.cases = to_json(n->as_map("a map from names to cases"));
  t.init_size = lay_out(t.init);
  t.args_size = lay_out(t.args);
  return t;
}

StructSpec parse_struct(const Yaml& root) {
  root.only({"struct", "revision", "doc", "fields"}, "a struct");
  StructSpec s;
  s.file = *root.file;
  const Yaml& name = root.at("struct", "the struct");
  s.name = parse_name(name, "the name of a struct");
  check_file_name(name);
  s.revision = parse_revision(root, "the struct");
  if (const Yaml* n = root.find("doc")) s.doc = n->as_text("a text");
  root.at("fields", "the struct").as_map("a map from names to fields");
  parse_fields(root, "fields", Field::Role::kStep, s.fields);
  s.size = lay_out(s.fields);
  return s;
}

EnumSpec parse_enum(const Yaml& root) {
  root.only({"enum", "revision", "doc", "values"}, "an enum");
  EnumSpec e;
  e.file = *root.file;
  const Yaml& name = root.at("enum", "the enum");
  e.name = parse_name(name, "the name of an enum");
  check_file_name(name);
  e.revision = parse_revision(root, "the enum");
  if (const Yaml* n = root.find("doc")) e.doc = n->as_text("a text");
  const Yaml& values = root.at("values", "the enum").as_list("a list of names");
  if (values.items.empty()) fail_at(values, "found no values, expected at least one");
  for (const Yaml& v : values.items) {
    std::string value = parse_name(v, "a value");
    if (std::find(e.values.begin(), e.values.end(), value) != e.values.end())
      fail_at(v, "the value \"{}\" is here twice, expected it once", value);
    e.values.push_back(std::move(value));
  }
  return e;
}

}  // namespace fk::core
