// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/judge/cases/problem.hpp"

namespace fk::judge {

// Bytes that a call must move and operations that it must do, by the task's expressions; 0 where
// they cannot be evaluated.
struct Work {
  double bytes = 0, flops = 0;
};
Work work_of(const core::Registry&, const cases::Problem&);

// Seconds below which no CPU of `cores` cores gets: far more than any cache or unit gives.
double floor_seconds(const Work&, int cores);

}  // namespace fk::judge
