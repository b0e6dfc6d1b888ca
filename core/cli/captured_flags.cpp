// SPDX-License-Identifier: Apache-2.0
#include "core/cli/captured_flags.hpp"

#include <fmt/ranges.h>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/judge/cases/captured_cases.hpp"

namespace fk::core {

judge::CapturedCases read_cases(const std::string& folder, const Registry& registry) {
  judge::CapturedCases out;
  out.from = folder;
  for (const CapturedCall& c : cases::folded(read_capture(folder, registry).calls))
    out.by_task[c.task].push_back(cases::case_of(c));
  return out;
}

const std::vector<cases::Case>& captured_of(const judge::CapturedCases& captured,
                                            const TaskSpec& task) {
  const auto found = captured.by_task.find(task.name);
  if (found == captured.by_task.end()) {
    std::vector<std::string> names;
    for (const auto& [name, list] : captured.by_task) names.push_back(name);
    bad_input("--cases {}: no call of {} was captured{}; there are: {}", captured.from, task.name,
              did_you_mean(task.name, names), fmt::join(names, ", "));
  }
  return found->second;
}

std::vector<cases::Case> answerable(const judge::CapturedCases& captured, const TaskSpec& task,
                                    const judge::Oracle& oracle) {
  std::vector<cases::Case> out;
  for (const cases::Case& c : captured_of(captured, task)) {
    if (const std::string why = too_large(oracle.catalog(), task, c); !why.empty())
      fmt::print(stderr, "left out: {} {}: {}\n", task.name, c.name, why);
    else
      out.push_back(c);
  }
  if (out.empty()) missing("--cases {}: all of {} is too large", captured.from, task.name);
  return out;
}

}  // namespace fk::core
