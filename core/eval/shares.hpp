// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "core/resolve/plan.hpp"
#include "core/resolver/calls.hpp"

namespace fk::eval {

// What computes a part of a model in steps of one phase.
struct Computed {
  std::string implementation, hash;
  bool operator==(const Computed&) const = default;
};

// Calls of one task, init and phase that one implementation answers, and the time that they are
// worth: what the baselines take of their own in a round of the workload, without what other tasks
// below them take.
struct Share {
  cases::Case given;
  std::string task, init, path;  // path: of one such node
  core::Phase phase = core::Phase::kPrefill;
  Computed baseline, evaluated;
  double seconds = 0;
  int64_t nodes = 0;
  bool same() const { return baseline == evaluated; }
};

// Divides the baselines' time among the nodes that both plans have. Where the evaluated one has a
// node that does its children's work itself, what the baselines' children take is its own: so the
// shares add up to the same time, whoever is evaluated.
std::vector<Share> shares_of(const core::Plan& baseline, const core::Plan& evaluated,
                             const std::vector<resolver::Call>&);

}  // namespace fk::eval
