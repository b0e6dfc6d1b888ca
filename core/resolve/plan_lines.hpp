// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "core/resolve/plan.hpp"

namespace fk::core {

// A node of a plan as people see it: equal nodes of numbered layers are one line.
struct PlanLine {
  const Choice* first;
  std::string name;  // what its path adds to its parent's: "model.layers.0-29", "mlp"; "." for
                     // nothing, "(root)"
  int64_t count = 1;
};
// In build order, parents first. Points into the plan.
std::vector<PlanLine> plan_lines(const Plan&);

}  // namespace fk::core
