// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/judge/cases/case.hpp"
#include "core/resolver/rig.hpp"

namespace fk::resolver {

// A call that stands for those that a workload makes of one sub-problem in one phase.
struct Call {
  std::string task, init;  // canonical, as Choice::init
  core::Phase phase;
  cases::Case given;
  double seconds = 0;  // of a call in the model, with what is below it: of several rounds the least
  double own_seconds = 0;  // likewise, without
  int64_t calls = 0;       // that it stands for: in a round, or in a captured run
};

// Runs a round of the workload and looks at every call. Of a sub-problem and phase one stands for
// all: the one that took most time, contexts of equal size folded. Remembers them on disk by plan.
class Calls {
 public:
  Calls(const Subject& s, const Workload& w, std::filesystem::path cache)
      : subject_(s), workload_(w), cache_(std::move(cache)) {}
  // `plan`: what a build with the policy gives. An empty cache: always anew.
  std::vector<Call> of(const core::Policy&, const core::Plan&) const;

 private:
  const Subject& subject_;
  const Workload workload_;
  const std::filesystem::path cache_;
};

// What `fk run --capture` wrote into `folder`: of a sub-problem and phase as many calls as took 95
// % of its time, contexts of equal size folded. `init`: of the model that is resolved, canonical.
// Throws Error for a folder of another model, dtype or kind of device.
std::vector<Call> captured_calls(const Subject&, const std::filesystem::path& folder,
                                 const std::string& init);

}  // namespace fk::resolver
