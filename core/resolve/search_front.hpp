// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/resolve/search_choices.hpp"

namespace fk::core::search {

// How many instances of a sub-problem are computed in which way, and what they and all below them
// cost together.
struct Use {
  size_t sub, way;
  int64_t instances;
  double cost;
  double bytes;
};

// The cheapest trees for every amount of memory up to the budget, by Pareto fronts from the leaves
// up. Empty when nothing fits.
struct Fitted {
  std::vector<Use> uses;
  double cost = 0;
  bool exact = true;
};
Fitted fit(const Choices&, int64_t budget, size_t most_points);

}  // namespace fk::core::search
