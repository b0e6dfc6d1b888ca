// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/judge/judge.hpp"
#include "core/runtime/capture_file.hpp"

namespace fk::core {

// The cases of --cases: what stands in the folder's capture.json, folded, as cases by task.
judge::CapturedCases read_cases(const std::string& folder, const Registry&);

// Those of one task. Throws Error, with what was called, when the model never called it.
const std::vector<cases::Case>& captured_of(const judge::CapturedCases&, const TaskSpec&);

// The same without what is too large for the reference, which is said on stderr. Throws Error when
// nothing is left.
std::vector<cases::Case> answerable(const judge::CapturedCases&, const TaskSpec&,
                                    const judge::Oracle&);

}  // namespace fk::core
