// SPDX-License-Identifier: Apache-2.0
#include "core/judge/case_list.hpp"

#include <algorithm>

#include "core/judge/cases/distribution.hpp"

namespace fk::judge {
namespace {

using cases::Case;
using cases::Inputs;

constexpr int kHidden = 3;

// What fp32 cannot answer well: softmax of scores in the thousands.
bool is_without(const core::TaskSpec& task, const std::string& kind) {
  for (const auto& name : task.check.value("without", core::Json::array()))
    if (name == kind) return true;
  return false;
}

// Sizes that calls choose alone: rows always, in every other one more than any public case has; the
// others where no init field speaks of them.
Case with_hidden_shape(const core::TaskSpec& task, Case c, bool many,
                       const std::function<uint64_t()>& draw) {
  const int64_t drawn = int64_t((many ? 13 : 1) + draw() % 12);  // n and m may have to agree
  for (auto& [name, size] : c.dims) {
    const bool rows = name == "n" || name == "m";
    const bool free = name == "d" && task.params.empty();
    if (rows) size = drawn;
    if (free) size = int64_t(1 + draw() % uint64_t(std::max<int64_t>(64, size)));
  }
  return c;
}

}  // namespace

std::vector<JudgedCase> judged_cases(const core::TaskSpec& task,
                                     const std::function<uint64_t()>& draw) {
  std::vector<JudgedCase> out;
  std::vector<Case> plain;  // one a case of the task file, in its own dtype
  for (Case& c : cases::cases_of(task)) {
    c.seed = draw();
    const bool base = c.name == c.family;
    if (c.own) plain.push_back(c);
    out.push_back({std::move(c), false, base && task.step.empty()});
  }
  if (plain.empty()) return out;
  for (const Case& c : plain)
    for (Inputs kind :
         {Inputs::kTies, Inputs::kScales, Inputs::kTiny, Inputs::kOffset, Inputs::kNonfinite}) {
      if (kind == Inputs::kNonfinite && !task.check.value("nonfinite", false)) continue;
      if (task.level > 1 && kind != Inputs::kTies) continue;
      if (is_without(task, inputs_name(kind))) continue;
      Case v = c;
      v.inputs = kind;
      v.own = false;
      v.name += std::string("/") + inputs_name(kind);
      v.seed = draw();
      out.push_back({std::move(v)});
    }
  for (int i = 1; i <= kHidden; ++i) {
    Case v = with_hidden_shape(task, plain[draw() % plain.size()], i % 2 == 1, draw);
    v.own = false;
    v.name = "hidden_" + std::to_string(i);
    v.seed = draw();
    out.push_back({std::move(v), true});
  }
  return out;
}

}  // namespace fk::judge
