// SPDX-License-Identifier: Apache-2.0
#include "core/judge/cases/case.hpp"

#include <algorithm>

#include "core/base/dtype.hpp"
#include "core/judge/cases/distribution.hpp"

namespace fk::cases {
namespace {

using Sizes = std::map<std::string_view, int64_t>;

// What the reference answers at once, and what it answers in seconds.
const Sizes kSmall = {{"n", 12},
                      {"m", 12},
                      {"d", 2048},
                      {"num_embeddings", 1024},
                      {"embedding_dim", 1024},
                      {"vocab_size", 1024},
                      {"in_features", 1536},
                      {"out_features", 1536},
                      {"hidden_size", 1536},
                      {"intermediate_size", 1536}};
const Sizes kLarge = {{"n", 512},
                      {"m", 64},
                      {"d", 16384},
                      {"num_embeddings", 16384},
                      {"embedding_dim", 8192},
                      {"vocab_size", 131072},
                      {"in_features", 16384},
                      {"out_features", 16384},
                      {"hidden_size", 16384},
                      {"intermediate_size", 16384}};

// Halving keeps whole blocks of 32 and whole heads.
int64_t cut(std::string_view name, int64_t value, const Sizes& sizes) {
  const auto most = sizes.find(name);
  while (most != sizes.end() && value > most->second) value /= 2;
  return value;
}

// Heads of an operation alone are independent of each other; grouped ones keep their ratio.
void cut_heads(core::Json& init) {
  const auto even = [&](const char* key) {
    return init.contains(key) && init[key].get<int64_t>() % 2 == 0;
  };
  const bool grouped = init.contains("num_kv_heads");
  while (even("num_heads") && init["num_heads"].get<int64_t>() > 9 &&
         (!grouped || even("num_kv_heads"))) {
    init["num_heads"] = init["num_heads"].get<int64_t>() / 2;
    if (grouped) init["num_kv_heads"] = init["num_kv_heads"].get<int64_t>() / 2;
  }
}

Case parse(const core::TaskSpec& task, const std::string& name, const core::Json& json,
           const Sizes& sizes) {
  Case c;
  c.name = name;
  c.weight = json.value("weight", 0.0);
  for (const auto& [key, value] : json.items()) {
    if (key == "dtype")
      c.dtype = *core::parse_dtype(value.get<std::string>());
    else if (key == "init")
      c.init = value;
    else if (key != "weight" && value.is_number_integer())
      c.dims[key] = cut(key, value.get<int64_t>(), sizes);
  }
  for (auto& [key, value] : c.init.items())
    if (value.is_number_integer()) value = cut(key, value.get<int64_t>(), sizes);
  if (task.level == 1 && &sizes == &kSmall) cut_heads(c.init);
  return c;
}

Case variation(Case c, const std::string& suffix, int64_t rows) {
  c.name += suffix;
  c.own = false;
  for (const char* key : {"n", "m"})
    if (auto at = c.dims.find(key); at != c.dims.end()) at->second = std::min(at->second, rows);
  return c;
}

// `check: {without: [offset]}`: what fp32 cannot answer well, as softmax of scores in the
// thousands.
bool is_without(const core::TaskSpec& task, const std::string& kind) {
  for (const auto& name : task.check.value("without", core::Json::array()))
    if (name == kind) return true;
  return false;
}

bool has_wide(const core::TaskSpec& task) {
  return std::any_of(task.args.begin(), task.args.end(), [](const core::Field& f) {
    return f.tensor.run_dtype && !f.tensor.dtypes.empty();
  });
}

}  // namespace

std::vector<Case> cases_of(const core::TaskSpec& task) {
  std::vector<Case> out;
  for (const auto& [name, json] : task.cases.items()) {
    const Case base = parse(task, name, json, kSmall);
    for (const char* dtype : {"float32", "bfloat16", "float16"}) {
      Case c = base;
      c.dtype = *core::parse_dtype(dtype);
      c.own = core::same(c.dtype, base.dtype);
      c.name += std::string("/") + dtype;
      c.family = c.name;
      out.push_back(c);
      Case strided = variation(c, "/strided", INT64_MAX);
      strided.strided = true;
      strided.optional = false;
      out.push_back(strided);
      out.push_back(variation(c, "/one_row", 1));
      if (c.dtype.bits < 32 && has_wide(task)) {
        Case wide = variation(c, "/wide", INT64_MAX);
        wide.wide = Case::Wide::kWritten;
        out.push_back(wide);
        wide.wide = Case::Wide::kAll;
        wide.name += "_all";
        wide.optional = false;
        out.push_back(wide);
      }
    }
    out.push_back(variation(base, "/no_rows", 0));
  }
  return out;
}

std::vector<Case::Sequence> Case::sequences(const core::Json& list) {
  std::vector<Sequence> out;
  for (const core::Json& s : list)
    out.insert(out.end(), size_t(s.size() > 2 ? s[2].get<int64_t>() : 1),
               {s[0].get<int64_t>(), s[1].get<int64_t>()});
  return out;
}

std::vector<Case> whole_cases_of(const core::TaskSpec& task) {
  std::vector<Case> out;
  for (const auto& [name, json] : task.cases.items()) {
    const core::Json steps = json.value("steps", core::Json::object());
    Case c = parse(task, name, json, task.step.empty() || !steps.empty() ? kLarge : kSmall);
    c.own = true;
    c.name += "/" + std::string(core::dtype_name(c.dtype));
    c.family = c.name;
    for (const auto& [of, list] : steps.items()) {
      Case& step = out.emplace_back(c);
      step.name += "/" + of;
      step.seqs = Case::sequences(list);
      step.decode = std::all_of(step.seqs.begin(), step.seqs.end(),
                                [](const Case::Sequence& s) { return s.query == 1; });
      step.dims["n"] = 0;
      for (const Case::Sequence& s : step.seqs) step.dims["n"] += s.query;
      step.weight /= double(steps.size());
    }
    if (!steps.empty()) continue;
    std::string sizes;
    for (const auto& [dim, size] : c.dims)
      sizes += (sizes.empty() ? "/" : ",") + dim + "=" + std::to_string(size);
    c.name += sizes;
    out.push_back(std::move(c));
  }
  return out;
}

std::vector<Case> hard_cases_of(const core::TaskSpec& task) {
  std::vector<Case> out;
  for (const Case& c : cases_of(task))
    for (Distribution kind : {Distribution::kTies, Distribution::kScales, Distribution::kTiny,
                              Distribution::kOffset, Distribution::kNonfinite}) {
      if (!c.own || is_without(task, distribution_name(kind))) continue;
      if (kind == Distribution::kNonfinite && !task.check.value("nonfinite", false)) continue;
      if (task.level > 1 && kind != Distribution::kTies) continue;
      Case v = c;
      v.distribution = kind;
      v.own = false;
      v.name += std::string("/") + distribution_name(kind);
      out.push_back(std::move(v));
    }
  return out;
}

}  // namespace fk::cases
