// SPDX-License-Identifier: Apache-2.0
#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/cli/flags.hpp"
#include "core/cli/printing.hpp"
#include "core/cli/workspace.hpp"

namespace fk::core {
namespace {

const char* kind_name(Implementation::Kind k) {
  return k == Implementation::Kind::kCandidate   ? "candidate"
         : k == Implementation::Kind::kReference ? "reference"
                                                 : "baseline";
}

Json implementations_json(const Catalog& catalog, const std::string& task) {
  Json out = Json::array();
  for (const Implementation* i : catalog.implementations(task)) {
    out.push_back({{"id", i->id()},
                   {"version", i->version},
                   {"kind", kind_name(i->kind)},
                   {"hash", i->hash},
                   {"file", i->file}});
  }
  return out;
}

Json refusal_json(const Refusal& r) {
  return {{"plugin", r.plugin},
          {"implementation", r.implementation},
          {"task", r.task},
          {"file", r.file},
          {"reason", r.reason}};
}

void print_refusals(const std::vector<Refusal>& refusals) {
  if (refusals.empty()) return;
  fmt::print("\nnot taken:\n");
  for (const Refusal& r : refusals) {
    std::string name = r.plugin + (r.implementation.empty() ? "" : "/" + r.implementation) +
                       (r.task.empty() ? "" : " (" + r.task + ")");
    fmt::print("  {}: {}\n    {}\n", name.empty() ? "a plugin" : name, r.file, r.reason);
  }
}

std::string dtypes_text(const TensorSpec& t) {
  std::vector<std::string> names;
  if (t.run_dtype) names.push_back("run dtype");
  for (fk_dtype d : t.dtypes) names.emplace_back(dtype_name(d));
  return fmt::format("{}", fmt::join(names, " or "));
}

std::string shape_text(const TensorSpec& t) {
  std::vector<std::string> dims;
  if (t.ellipsis) dims.push_back("...");
  for (const Expr& e : t.shape) dims.push_back(e.text());
  return fmt::format("[{}]", fmt::join(dims, ", "));
}

const char* type_name(FieldType t) {
  constexpr const char* kNames[] = {"int",          "float",    "bool",  "enum",
                                    "optional int", "ints",     "dtype", "tensor",
                                    "tensors",      "instance", "struct"};
  return kNames[size_t(t)];
}

std::string type_text(const Field& f, const Registry& registry) {
  std::string s = type_name(f.type);
  if (f.type == FieldType::kEnum)
    return fmt::format("enum {} ({})", f.of, fmt::join(registry.enum_spec(f.of).values, ", "));
  if (!f.of.empty()) s += " of " + f.of;
  bool tensor = f.role == Field::Role::kParam || f.role == Field::Role::kState ||
                f.type == FieldType::kTensor;
  return tensor ? shape_text(f.tensor) + " " + dtypes_text(f.tensor) : s;
}

void print_fields(const char* title, const std::vector<Field>& fields, const Registry& registry,
                  const Field::Role* role = nullptr) {
  bool any = false;
  for (const Field& f : fields) {
    if (role && f.role != *role) continue;
    if (!any) fmt::print("\n{}:\n", title);
    any = true;
    std::string notes;
    if (f.role == Field::Role::kInit)
      notes += f.default_value.is_null() ? (f.type == FieldType::kOptionalInt ? "" : "; required")
                                         : "; default " + f.default_value.dump();
    if (f.optional) notes += "; optional";
    if (f.is_mutable) notes += "; updated in place";
    if (f.when) notes += "; when " + f.when->text();
    fmt::print("  {:<24} {}{}{}\n", f.name, type_text(f, registry), notes,
               f.doc.empty() ? "" : "; " + f.doc);
  }
}

Json fields_json(const std::vector<Field>& fields, const Registry& registry) {
  constexpr const char* kRoles[] = {"init", "param", "state", "input", "output", "step"};
  Json out = Json::array();
  for (const Field& f : fields) {
    Json j = {{"name", f.name},
              {"role", kRoles[size_t(f.role)]},
              {"type", type_text(f, registry)},
              {"optional", f.optional},
              {"mutable", f.is_mutable}};
    if (f.when) j["when"] = f.when->text();
    if (!f.default_value.is_null()) j["default"] = f.default_value;
    if (!f.doc.empty()) j["doc"] = f.doc;
    out.push_back(std::move(j));
  }
  return out;
}

}  // namespace

int list_command(const Words& words) {
  CLI::App app{
      "Lists tasks and their implementations, and what was found but not taken, with the reason.",
      "fk list"};
  std::string task;
  bool json = false;
  std::vector<std::string> candidates;
  app.add_option("task", task, "only this task");
  app.add_option("--candidates", candidates, "one more folder with candidates")->type_name("DIR");
  app.add_flag("--json", json, "as JSON");
  if (!parse_flags(app, words)) return 0;
  Workspace w(Workspace::Candidates::kBuild, candidates);
  if (!task.empty()) w.registry().task(task);
  Json out = {{"tasks", Json::array()}, {"refusals", Json::array()}};
  for (const auto& [name, spec] : w.registry().tasks()) {
    if (!task.empty() && name != task) continue;
    out["tasks"].push_back({{"task", name},
                            {"level", spec.level},
                            {"implementations", implementations_json(w.catalog(), name)}});
  }
  std::vector<Refusal> refusals;
  for (const Refusal& r : w.catalog().refusals()) {
    if (task.empty() || r.task.empty() || r.task == task)
      refusals.push_back(r), out["refusals"].push_back(refusal_json(r));
  }
  if (json) {
    fmt::print("{}\n", json_line(out));
    return 0;
  }
  for (int level = 1; level <= 4; ++level) {
    bool title = false;
    for (const Json& t : out["tasks"]) {
      if (t["level"] != level) continue;
      if (!title) fmt::print("{}L{}\n", level > 1 && task.empty() ? "\n" : "", level);
      title = true;
      std::vector<std::string> names;
      for (const Json& i : t["implementations"])
        names.push_back(i["id"].get<std::string>() +
                        (i["kind"] == "candidate" ? " (candidate)" : ""));
      fmt::print("  {:<32} {}\n", t["task"].get<std::string>(),
                 names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")));
    }
  }
  print_refusals(refusals);
  return 0;
}

int describe_command(const Words& words) {
  CLI::App app{"Explains one task: what it computes, its fields, its implementations.",
               "fk describe"};
  std::string task;
  bool json = false;
  app.add_option("task", task, "the task")->required();
  app.add_flag("--json", json, "as JSON");
  if (!parse_flags(app, words)) return 0;
  Workspace w(Workspace::Candidates::kBuild);
  const Registry& r = w.registry();
  const TaskSpec& t = r.task(task);
  if (json) {
    Json out = {{"task", t.name},
                {"level", t.level},
                {"revision", t.revision},
                {"doc", t.doc},
                {"file", t.file},
                {"mirrors", t.mirrors},
                {"interface", t.interface},
                {"step", t.step},
                {"signature", fmt::format("{:016x}", t.signature)},
                {"signature_text", t.signature_text},
                {"init", fields_json(t.init, r)},
                {"params", fields_json(t.params, r)},
                {"states", fields_json(t.states, r)},
                {"args", fields_json(t.args, r)},
                {"bytes", t.bytes ? t.bytes->text() : ""},
                {"flops", t.flops ? t.flops->text() : ""},
                {"check", t.check},
                {"cases", t.cases},
                {"implementations", implementations_json(w.catalog(), t.name)}};
    fmt::print("{}\n", json_line(out));
    return 0;
  }
  fmt::print("{} (L{}, revision {}, {})\n\n{}\n", t.name, t.level, t.revision, t.file, t.doc);
  if (t.mirrors.is_object()) {
    for (auto& [where, what] : t.mirrors.items())
      fmt::print("mirrors {}: {}\n", where,
                 what.is_string() ? what.get<std::string>() : what.dump());
  }
  constexpr Field::Role kIn = Field::Role::kIn, kOut = Field::Role::kOut;
  print_fields("init", t.init, r);
  print_fields("params (weights)", t.params, r);
  print_fields("states", t.states, r);
  print_fields("inputs", t.args, r, &kIn);
  print_fields("outputs", t.args, r, &kOut);
  if (!t.step.empty()) fmt::print("\nstep struct: {}\n", t.step);
  fmt::print("\nsignature {:016x}\n  {}\n", t.signature, t.signature_text);
  fmt::print("\nimplementations:\n");
  for (const Implementation* i : w.catalog().implementations(t.name))
    fmt::print("  {} {} ({}, {})\n", i->id(), i->version, kind_name(i->kind), i->file);
  std::vector<Refusal> refusals;
  for (const Refusal& x : w.catalog().refusals())
    if (x.concerns(t.name)) refusals.push_back(x);
  print_refusals(refusals);
  fmt::print("\nyour own: fk new candidate {} NAME\n", t.name);
  return 0;
}

}  // namespace fk::core
