// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/resolve/plan.hpp"
#include "core/resolve/search.hpp"

namespace fk::resolver {

// An implementation may refuse what its children are to be computed by, which the search does not
// know: a build then has something else there than what was found to be the best.
struct Conflict {
  size_t sub, option;  // that the build did not take
  std::string why;     // in the build's words
};

// The first, parents before children, or none: the plan is what was found. `plan`: of a build that
// was told what was found.
std::optional<Conflict> find_conflict(const core::search::Problem&, const core::search::Result&,
                                      const core::Plan& plan);

// An option that is not to be chosen in some phases.
struct GivenUp {
  size_t sub, option;
  std::array<bool, core::search::kPhases> phases;
};

// Either the option that was refused or what its children have in place of the baselines, whichever
// costs less to do without. `decode`: of each sub-problem the baseline's option of decode steps; of
// prefill it is the first.
std::vector<GivenUp> settle(const core::search::Problem&, const core::search::Result&,
                            const Conflict&, const std::vector<size_t>& decode);

}  // namespace fk::resolver
