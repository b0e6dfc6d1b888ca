// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/base/error.hpp"
#include "core/report/parts.hpp"
#include "core/resolve/plan_lines.hpp"

namespace fk::report {
namespace {

using store::Json;
using store::PlanRecord;

const Json& proof_of(const PlanRecord& r) {
  static const Json kNone;
  return r.reasons.is_object() && r.reasons.contains("proof") ? r.reasons["proof"] : kNone;
}

// Held against another plan than the baselines' while the best one was looked for.
bool is_trial(const PlanRecord& r) { return r.reasons.is_object() && r.reasons.contains("beside"); }

bool held(const PlanRecord& r) {
  const Json& p = proof_of(r);
  return !p.is_object() || !p.contains("kept_out") || p["kept_out"].empty();
}

// What the same question was asked about: on this device, this workload with these weights.
bool same_question(const PlanRecord& a, const PlanRecord& b) {
  const auto text = [](const PlanRecord& r, const char* name) {
    return r.reasons.is_object() ? r.reasons.value(name, Json()) : Json();
  };
  return a.device == b.device && text(a, "workload") == text(b, "workload") &&
         text(a, "weights") == text(b, "weights");
}

// As core/resolver/proven.cpp writes it; throws a JSON exception for anything else.
Proof proof_from(const Json& reasons) {
  Proof out;
  out.workload = reasons.at("workload"), out.weights = reasons.at("weights");
  if (reasons.contains("notes")) out.notes = reasons.at("notes").get<std::vector<std::string>>();
  const Json& p = reasons.at("proof");
  const auto phase = [&](const char* name, double predicted, const char* gain, int step) {
    Proof::Phase x;
    x.name = name, x.predicted = predicted;
    if (p.contains("gain")) {
      const Json& g = p.at("gain");
      if (!g.contains(gain)) return;
      const Json& interval = g.at(gain);
      x.low = interval.at(0), x.ratio = interval.at(1), x.high = interval.at(2);
      if (step >= 0) {
        x.baseline_seconds = g.at("baseline_seconds").at(size_t(step));
        x.seconds = g.at("plan_seconds").at(size_t(step));
      }
      out.rounds = g.at("rounds");
    }
    out.phases.push_back(x);
  };
  phase("prefill", p.at("predicted").at(0), "prefill", 0);
  phase("decode", p.at("predicted").at(1), "decode", 1);
  phase("workload", p.at("predicted_whole"), "whole", -1);
  if (p.contains("agreement")) {
    const Json& a = p.at("agreement");
    out.compared = true, out.agrees = a.at("ok"), out.against = a.at("against");
    out.mean_error = a.at("mean_error"), out.mean_bound = a.at("mean_bound");
    out.worst_error = a.at("worst_error"), out.worst_bound = a.at("worst_bound");
  }
  return out;
}

// The last word on each implementation, newest first.
std::vector<KeptOut> kept_out(const std::vector<PlanRecord>& plans, const PlanRecord& shown,
                              const Ids& ids) {
  std::vector<KeptOut> out;
  std::set<std::string> seen;
  for (auto r = plans.rbegin(); r != plans.rend(); ++r) {
    if (held(*r) || !same_question(*r, shown)) continue;
    for (const Json& k : proof_of(*r).at("kept_out")) {
      const std::string task = k.at("task"), implementation = k.at("implementation");
      if (seen.insert(task + '\n' + implementation + '\n' + k.at("init").dump()).second)
        out.push_back({ids.of(r->uuid), r->time, task, implementation, k.at("reason")});
    }
  }
  return out;
}

}  // namespace

PlanTree plan_tree(const std::vector<PlanRecord>& plans, const Ids& ids) {
  const auto last = std::find_if(plans.rbegin(), plans.rend(),
                                 [](const auto& r) { return held(r) && !is_trial(r); });
  const PlanRecord& r = last == plans.rend() ? plans.back() : *last;
  PlanTree out;
  out.id = ids.of(r.uuid), out.held = held(r);
  out.time = r.time, out.config = r.config, out.policy = r.policy, out.device = r.device;
  out.hash = r.plan_hash, out.harness = r.harness;
  try {
    if (!proof_of(r).is_null()) out.proof = proof_from(r.reasons);
    out.kept_out = kept_out(plans, r, ids);
    const core::Plan plan = core::Plan::from_yaml(r.plan, r.config);
    out.nodes = int64_t(plan.choices.size());
    for (const core::PlanLine& l : core::plan_lines(plan)) {
      const core::Choice& c = *l.first;
      out.lines.push_back({c.depth, l.count, l.name, c.task, c.implementation, c.version, c.reason,
                           c.decode, c.decode_version, c.decode_reason, c.rejected});
    }
    // The rest of the report is good all the same.
  } catch (const core::Error& e) {
    out.error = e.text();
  } catch (const nlohmann::json::exception& e) { out.error = e.what(); }
  return out;
}

}  // namespace fk::report
