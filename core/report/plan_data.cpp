// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.hpp"
#include "core/report/parts.hpp"
#include "core/resolve/plan_lines.hpp"

namespace fk::report {

PlanTree plan_tree(const store::PlanRecord& r) {
  PlanTree out;
  out.time = r.time, out.config = r.config, out.policy = r.policy, out.device = r.device;
  out.hash = r.plan_hash, out.harness = r.harness;
  try {
    const core::Plan plan = core::Plan::from_yaml(r.plan, r.config);
    out.nodes = int64_t(plan.choices.size());
    for (const core::PlanLine& l : core::plan_lines(plan)) {
      const core::Choice& c = *l.first;
      out.lines.push_back({c.depth, l.count, l.name, c.task, c.implementation, c.version, c.reason,
                           c.decode, c.decode_version, c.decode_reason, c.rejected});
    }
  } catch (const core::Error& e) {
    // The rest of the report is good all the same.
    out.error = e.text();
  }
  return out;
}

}  // namespace fk::report
