// SPDX-License-Identifier: Apache-2.0
#include "core/judge/case_list.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"

namespace fk::judge {
namespace {

using cases::Case;

constexpr int kHidden = 3;

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

void no_such_case(const std::string& task, const std::string& only,
                  const std::vector<std::string>& names) {
  std::vector<std::string> heads;  // with what is below them counted as one
  for (const std::string& name : names)
    if (const std::string head = name.substr(0, name.find('/'));
        !head.starts_with("hidden") && std::find(heads.begin(), heads.end(), head) == heads.end())
      heads.push_back(head);
  std::string near = core::did_you_mean(only, names);
  if (near.empty()) near = core::did_you_mean(only, heads);
  constexpr size_t kMost = 12;
  const bool more = heads.size() > kMost;
  if (more) heads.resize(kMost);
  core::bad_input("{} has no case \"{}\"{}; there are {}{}", task, only, near,
                  fmt::join(heads, ", "), more ? ", ..." : "");
}

std::vector<JudgedCase> judged_cases(const core::Registry& registry, const core::TaskSpec& task,
                                     const std::function<uint64_t()>& draw, bool card) {
  std::vector<JudgedCase> out;
  std::vector<Case> plain;  // one a case of the task file, in its own dtype
  for (Case& c : cases::cases_of(task)) {
    c.seed = draw();
    const bool base = c.name == c.family;
    if (c.own) plain.push_back(c);
    out.push_back({std::move(c), false, base && task.step.empty()});
  }
  if (plain.empty()) return out;
  for (Case& c : cases::hard_cases_of(task)) {
    c.seed = draw();
    out.push_back({std::move(c)});
  }
  for (Case& c : cases::odd_cases_of(registry, task)) {
    if (c.cuda_only && !card) continue;
    c.seed = draw();
    out.push_back({std::move(c)});
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
