// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/resolve/plan.hpp"
#include "core/resolve/selector.hpp"

namespace fk::core {

// Pins first, then what was resolved or the policy's candidate, then the baselines in their fixed
// order. A pin with a
// path pattern beats one without, a later one beats an earlier one. A pinned implementation has no
// fall-back: if it is not supported, the build fails.
class PolicyChooser : public Chooser {
 public:
  // Throws Error for a pin or candidate that names nothing that exists. Keeps references.
  PolicyChooser(const Catalog&, const Policy&);
  std::vector<Option> order(const Request&) override;
  // Whether anything of this policy treats decode steps of the task in a way of their own.
  bool has_phases(std::string_view task) const;
  // After a build: throws Error for the first pin (or candidate) that no node of the tree had a use
  // for.
  void check_all_used() const;

 private:
  const Pin* pin_for(const Request&);
  const Resolved::Chosen* resolved_for(const Request&);
  const Catalog& catalog_;
  const Policy& policy_;
  std::vector<bool> used_;  // by pin
  bool candidate_used_ = false;
  std::map<Resolved::Key, std::vector<std::string>> served_;  // paths, in build order
  std::set<std::pair<std::string, std::string>> seen_;  // task and path of every node asked about
};

// Baselines of a task in the order they are tried: those that the catalog's order names, then cpu,
// other libraries by name, composed, reference. `composites_first`: composed before all, for the
// parameter list of a fused implementation.
std::vector<const Implementation*> baselines(const Catalog&, std::string_view task,
                                             bool composites_first = false,
                                             Phase phase = Phase::kPrefill);

}  // namespace fk::core
