// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>

#include "core/judge/cases/case.hpp"

namespace fk::judge {

struct JudgedCase {
  cases::Case given;
  bool hidden = false;    // its shape is nobody's to know
  bool again = false;     // once more with other numbers at the same addresses
  bool captured = false;  // from JudgeOptions::captured
};

// Whether `only` names the case: "" all, a name that one, "a/b/" all whose names begin so.
bool is_asked_for(const std::string& name, const std::string& only);

// Everything that an implementation of the task is asked: the cases of the task file with all their
// variations, the first of each once more with inputs that break what normal ones do not, odd
// shapes, and shapes that stand nowhere. `draw` gives 64 random bits; call it after the plugin is
// open. `card`: with what is too large for a CPU.
std::vector<JudgedCase> judged_cases(const core::Registry&, const core::TaskSpec&,
                                     const std::function<uint64_t()>& draw, bool card = false);

}  // namespace fk::judge
