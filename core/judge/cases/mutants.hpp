// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "core/judge/cases/run_case.hpp"

namespace fk::cases {

// A wrong answer that a lazy or dishonest kernel might give. What a task's tolerance lets through
// of these, a plugin could give for an answer.
struct Mutant {
  std::string name;
  Outcome answer;
};

// Of a problem whose right answer in the run dtype is `right`, whose answer for other inputs of the
// same shape is `other`, and for inputs of which every row's last quarter is zero is `truncated`.
// Mutants that happen to be the right answer bit for bit are left out.
std::vector<Mutant> mutants(const Problem&, fk_dtype dtype, const Outcome& right,
                            const Outcome& other, const Outcome& truncated);

// The problem with the last quarter of every row of its float inputs zero.
Problem truncated(const core::Registry&, const core::TaskSpec&, const Case&);

}  // namespace fk::cases
