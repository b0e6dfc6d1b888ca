// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>

#include "core/judge/cases/problem.hpp"

namespace fk::judge {

// Bytes that a call must move and operations that it must do, by the task's expressions; 0 where
// they cannot be evaluated.
struct Work {
  double bytes = 0, flops = 0;
};
Work work_of(const core::Registry&, const cases::Problem&);

// The same with weights and the step counted in, as a roofline needs them. Nothing where an
// expression is missing or asks for what a case alone does not say: the weights of a composite's
// children.
std::optional<Work> whole_work_of(const core::Registry&, const cases::Problem&);

// Seconds below which no CPU of `cores` cores gets: far more than any cache or unit gives.
double floor_seconds(const Work&, int cores);

}  // namespace fk::judge
