// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/judge/cases/case.hpp"
#include "core/resolver/rig.hpp"

namespace fk::resolver {

// The call that stands for all that a workload makes of one sub-problem in one phase: the one that
// took most time, contexts of equal size folded.
struct Call {
  std::string task, init;  // canonical, as Choice::init
  core::Phase phase;
  cases::Case given;
  double seconds = 0;  // of a call in the model, with what is below it: of several rounds the least
  double own_seconds = 0;  // likewise, without
  int64_t calls = 0;       // in a round
};

// Runs a round of the workload and looks at every call. Remembers them on disk by plan.
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

}  // namespace fk::resolver
