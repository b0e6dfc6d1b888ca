// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/spec/task_spec.hpp"

namespace fk::cases {

// Why an answer is refused.
struct Mismatch {
  enum class Kind { kSize, kExact, kNonfinite, kElement, kTile } kind;
  size_t index = 0;  // of the first element that is wrong, or of the tile's worst
  double expected = 0, found = 0, error = 0, bound = 0;
  std::string text() const;
};

// What is wrong with `found`, or nothing when it passes. `golden` is the float64 reference's
// answer, `baseline` the reference's in the run dtype. Three rules, and every element and tile must
// keep all of them; there is no share that may be wrong.
//   - NaN and infinity stand exactly where the baseline has them. Exact tasks give its values.
//   - The error of any element is at most error_vs_baseline times the baseline's own largest
//     (more of few elements, of a task made of others), plus what fp32 accumulation in any order
//     costs, which grows with the task's level. That is a share of the tensor's root mean square
//     and not of the element, although a peak's rounding is its own: honest fp32 softmax, whose
//     output has peaks of 4 times the rest, stays below two thirds of it, and a bound that grew
//     with an element would excuse most where most is at stake. Where a whole tile is larger than
//     the tensor it is a share of the tile's: the rows of a softmax that one key dominates are many
//     times the size of those that are means of many. The share grows, to 4 times at
//     most, where the baseline's own largest error stands out from its mean one more than 8 times,
//     as it does among many elements and in products: everybody's does there; and of few elements,
//     to 5 times for one, whose size may be what was left of a sum. In 16 bits an
//     element's own last digit is allowed as well, one for each level of operations: what is
//     rounded inside, as the probabilities of attention are, decides to which side it falls.
//   - So is the root mean square error of every tile of 256 elements, without that growth, by what
//     the baseline does in that very tile: elsewhere's large numbers excuse nothing here.
std::optional<Mismatch> compare(const core::TaskSpec&, fk_dtype dtype,
                                const std::vector<double>& golden,
                                const std::vector<double>& baseline,
                                const std::vector<double>& found);

// What an element of this size may be off in any case: its last digits.
double own_rounding(const core::TaskSpec&, fk_dtype dtype, double golden);

// The largest error that compare() allows an element beside that, without the tiles'.
double element_bound(const core::TaskSpec&, fk_dtype dtype, const std::vector<double>& golden,
                     const std::vector<double>& baseline);

// The same as a text, "" when it passes.
std::string disagreement(const core::TaskSpec&, const std::vector<double>& golden,
                         const std::vector<double>& baseline, const std::vector<double>& found,
                         fk_dtype dtype);

}  // namespace fk::cases
