// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "core/judge/cases/case.hpp"
#include "core/judge/timing/stats.hpp"

namespace fk::judge {

// One case's speed-up and the seconds that a run spent in such calls.
struct Weighted {
  double seconds = 0;
  Interval speedup;
};

// How much faster all these calls together are: sum(seconds) / sum(seconds / speedup), the harmonic
// mean weighted by time. Its bounds are those of all cases at once, so it is wider than 95 % asks.
// Equality for no seconds at all.
Interval weighted_speedup(const std::vector<Weighted>&);

// The cases of the largest weights that together have at least `share` of it, heaviest first.
std::vector<cases::Case> heaviest(std::vector<cases::Case>, double share);

}  // namespace fk::judge
