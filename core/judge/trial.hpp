// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/judge/call_memory.hpp"
#include "core/judge/case_list.hpp"
#include "core/judge/oracle.hpp"
#include "core/judge/record.hpp"
#include "core/judge/runner_process.hpp"

namespace fk::judge {

// One case against one implementation in a Runner: makes the numbers, has them computed on both
// sides, compares. What the implementation does wrong is in the result; a Runner that is lost
// throws RunnerFailure. `judging` collects the seconds that goldens and comparing took.
CaseResult run_trial(const Oracle&, const core::Registry&, const core::TaskSpec&,
                     const std::string& implementation, const JudgedCase&, RunnerProcess&,
                     double deadline, double& judging);

// The arguments of a Runner's "build".
Json build_message(const core::TaskSpec&, const cases::Case&, const std::string& implementation,
                   const WeightMemory&, const StateMemory&);

}  // namespace fk::judge
