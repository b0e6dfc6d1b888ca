// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

namespace fk::judge {

struct Interval {
  double low = 0, middle = 0, high = 0;
};

// The median of paired ratios, given as logarithms, with its 95 % bootstrap interval; as ratios.
// Blocks were measured in processes of their own: what is luck of a process (where its threads and
// pages lie) is the same for all rounds of a block, so that blocks are drawn first, then rounds.
Interval ratio_interval(const std::vector<std::vector<double>>& blocks, uint64_t seed);

// The value below which `part` of the samples lie. Samples need no order.
double quantile(std::vector<double> samples, double part);

// FAST and SLOW: the whole interval lies more than 1 % from equality. SAME: within 2 % of it. AMBG:
// neither can be said; it counts as SAME.
enum class Speed { kFast, kSame, kSlow, kAmbiguous };
Speed speed_of(const Interval& baseline_over_candidate);
const char* speed_name(Speed);

}  // namespace fk::judge
