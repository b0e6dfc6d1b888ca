// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <functional>

#include "core/judge/cases/case.hpp"

namespace fk::judge {

struct JudgedCase {
  cases::Case given;
  bool hidden = false;    // its shape is nobody's to know
  bool again = false;     // once more with other numbers at the same addresses
  bool captured = false;  // from JudgeOptions::captured
};

[[noreturn]] void no_such_case(const std::string& task, const std::string& only,
                               const std::vector<std::string>& names);
// Leaves of a list what `only` names: "" all, a name that one, and where nothing has it all below
// it, as odd_1/float16 is below odd_1. Throws Error where nothing is left.
template <class List, class Name>
void keep_asked_for(List& list, const std::string& task, const std::string& only,
                    const Name& name_of) {
  if (only.empty()) return;
  const std::string below = only.ends_with('/') ? only : only + '/';
  std::vector<std::string> names;
  for (const auto& c : list) names.push_back(name_of(c));
  const bool exact = std::find(names.begin(), names.end(), only) != names.end();
  std::erase_if(list, [&](const auto& c) {
    return exact ? name_of(c) != only : !name_of(c).starts_with(below);
  });
  if (list.empty()) no_such_case(task, only, names);
}

// Everything that an implementation of the task is asked: the cases of the task file with all their
// variations, the first of each once more with inputs that break what normal ones do not, odd
// shapes, and shapes that stand nowhere. `draw` gives 64 random bits; call it after the plugin is
// open. `card`: with what is too large for a CPU.
std::vector<JudgedCase> judged_cases(const core::Registry&, const core::TaskSpec&,
                                     const std::function<uint64_t()>& draw, bool card = false);

}  // namespace fk::judge
