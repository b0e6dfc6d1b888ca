// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fk::judge {

struct Interval {
  double low = 0, middle = 0, high = 0;
  // As a part of the ratio.
  double half_width() const { return (high - low) / 2 / middle; }
};

// The typical ratio of paired ratios, given as logarithms, with its 95 % interval; as ratios.
// Blocks were measured in processes of their own: what is luck of a process (where its threads and
// pages lie) is the same for all rounds of a block, whose value is their median. Five blocks or
// more are taken together by their mean without a fifth of them at either end, and the interval is
// Student's for that; fewer by their mean, with a bootstrap interval that draws blocks first, then
// rounds, and knows less of luck than it says.
Interval ratio_interval(const std::vector<std::vector<double>>& blocks, uint64_t seed);

// Of Student's distribution: what 95 % of draws lie within, to either side, from 2 degrees of
// freedom on.
double student(std::size_t freedom);

// The value below which `part` of the samples lie. Samples need no order.
double quantile(std::vector<double> samples, double part);

// FAST and SLOW: the whole interval lies more than 0.5 % from equality. SAME: within 2 % of it.
// AMBG: neither can be said; it counts as SAME.
enum class Speed { kFast, kSame, kSlow, kAmbiguous };
Speed speed_of(const Interval& baseline_over_candidate);
// And of five blocks or more it is the 99 % interval that has to lie there, so that at most one
// verdict in a hundred is luck; what is faster in some of the blocks and slower in others, more
// than a fifth of them, is neither. `slack`: the part of a call that its time may be wrong by in
// every block; so much further off the interval has to lie.
Speed speed_of(const Interval& baseline_over_candidate,
               const std::vector<std::vector<double>>& blocks, double slack = 0);
const char* speed_name(Speed);

}  // namespace fk::judge
