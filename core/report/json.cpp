// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/report/report.hpp"

namespace fk::report {
namespace {

using store::Json;

// JSON has no NaN: as the store's records have it.
Json number(double v) {
  if (std::isfinite(v)) return v;
  return std::isnan(v) ? "nan" : v > 0 ? "inf" : "-inf";
}

template <class List, class Write>
Json list(const List& all, const Write& write) {
  Json out = Json::array();
  for (const auto& x : all) out.push_back(write(x));
  return out;
}

Json head_json(const Head& h) {
  return {{"store", h.store},
          {"written", h.written},
          {"since", h.since},
          {"config", h.config},
          {"first", h.first},
          {"last", h.last},
          {"measurements", h.measurements},
          {"verdicts", h.verdicts},
          {"plans", h.plans},
          {"runs", h.runs},
          {"machines", list(h.machines,
                            [](const Machine& m) -> Json {
                              return {{"device", m.device},
                                      {"driver", m.driver},
                                      {"clocks", m.clocks},
                                      {"records", m.records}};
                            })},
          {"harness", h.harness}};
}

Json bar_json(const Bar& b) {
  return {{"id", b.id},
          {"time", b.time},
          {"task", b.task},
          {"level", b.level},
          {"implementation", b.implementation},
          {"hash", b.hash},
          {"baseline", b.baseline},
          {"case", b.case_id},
          {"bucket", b.bucket},
          {"dtype", b.dtype},
          {"l2_state", b.l2_state},
          {"context", b.context},
          {"device", b.device},
          {"driver", b.driver},
          {"code", b.code},
          {"text", b.text},
          {"seconds", number(b.seconds)},
          {"baseline_seconds", number(b.baseline_seconds)},
          {"ratio", number(b.ratio)},
          {"low", number(b.low)},
          {"high", number(b.high)}};
}

Json roofline_json(const Report& r) {
  return {{"points", list(r.roofline.points,
                          [&](const Point& p) -> Json {
                            return {{"id", r.bars[p.bar].id},
                                    {"bytes", number(p.bytes)},
                                    {"flops", number(p.flops)},
                                    {"intensity", number(p.intensity)},
                                    {"flops_per_s", number(p.flops_per_s)},
                                    {"baseline_flops_per_s", number(p.baseline_flops_per_s)}};
                          })},
          {"ceilings", list(r.roofline.ceilings,
                            [](const Ceiling& c) -> Json {
                              return {{"id", c.id},
                                      {"device", c.device},
                                      {"source", c.source},
                                      {"bytes_per_s", number(c.bytes_per_s)},
                                      {"flops_per_s", number(c.flops_per_s)}};
                            })},
          {"left_out",
           {{"case_not_rebuilt", r.roofline.not_rebuilt},
            {"work_not_known", r.roofline.no_work},
            {"no_arithmetic", r.roofline.no_flops},
            {"no_time", r.roofline.no_time}}}};
}

Json proof_json(const Proof& p) {
  Json j = {{"workload", p.workload},
            {"weights", p.weights},
            {"rounds", p.rounds},
            {"notes", p.notes},
            {"phases", list(p.phases, [](const Proof::Phase& x) -> Json {
               Json phase = {{"phase", x.name}, {"predicted", number(x.predicted)}};
               if (x.ratio > 0) {
                 phase["ratio"] = number(x.ratio);
                 phase["low"] = number(x.low), phase["high"] = number(x.high);
               }
               if (x.seconds > 0) {
                 phase["baseline_seconds"] = number(x.baseline_seconds);
                 phase["seconds"] = number(x.seconds);
               }
               return phase;
             })}};
  if (p.compared)
    j["logits"] = {{"ok", p.agrees},
                   {"against", p.against},
                   {"mean_error", number(p.mean_error)},
                   {"mean_bound", number(p.mean_bound)},
                   {"worst_error", number(p.worst_error)},
                   {"worst_bound", number(p.worst_bound)}};
  return j;
}

Json plan_json(const PlanTree& p) {
  return {{"id", p.id},
          {"time", p.time},
          {"config", p.config},
          {"policy", p.policy},
          {"device", p.device},
          {"hash", p.hash},
          {"harness", p.harness},
          {"error", p.error},
          {"held", p.held},
          {"proof", p.proof ? proof_json(*p.proof) : Json()},
          {"kept_out", list(p.kept_out,
                            [](const KeptOut& k) -> Json {
                              return {{"id", k.id},
                                      {"time", k.time},
                                      {"task", k.task},
                                      {"implementation", k.implementation},
                                      {"reason", k.reason}};
                            })},
          {"nodes", p.nodes},
          {"lines", list(p.lines, [](const PlanNode& n) -> Json {
             return {{"depth", n.depth},
                     {"name", n.name},
                     {"count", n.count},
                     {"task", n.task},
                     {"implementation", n.implementation},
                     {"version", n.version},
                     {"reason", n.reason},
                     {"decode", n.decode},
                     {"decode_version", n.decode_version},
                     {"decode_reason", n.decode_reason},
                     {"rejected", n.rejected}};
           })}};
}

Json lineage_json(const Lineage& l) {
  return {{"task", l.task},
          {"implementation", l.implementation},
          {"device", l.device},
          {"baseline", l.baseline},
          {"same_cases", l.same_cases},
          {"versions", list(l.versions, [](const Version& v) -> Json {
             return {
                 {"hash", v.hash},           {"version", v.version}, {"revision", v.revision},
                 {"first", v.first},         {"verdict", v.verdict}, {"verdict_id", v.verdict_id},
                 {"ratio", number(v.ratio)}, {"low", number(v.low)}, {"high", number(v.high)},
                 {"cases", v.cases},         {"ids", v.ids}};
           })}};
}

Json judgement_json(const Judgement& j) {
  return {{"id", j.id},
          {"time", j.time},
          {"task", j.task},
          {"level", j.level},
          {"implementation", j.implementation},
          {"hash", j.hash},
          {"version", j.version},
          {"context", j.context},
          {"device", j.device},
          {"passed", j.passed},
          {"code", j.code},
          {"text", j.text},
          {"case", j.case_id},
          {"tensor", j.tensor},
          {"bad_index", j.bad_index},
          {"expected", number(j.expected)},
          {"found", number(j.found)},
          {"error", number(j.error)},
          {"bound", number(j.bound)},
          {"coverage", number(j.coverage)}};
}

Json sheet_json(const Sheet& s) {
  return {{"plugin", s.plugin},
          {"device", s.device},
          {"level", s.level},
          {"score", number(s.score)},
          {"middle", number(s.middle)},
          {"high", number(s.high)},
          {"coverage", number(s.coverage)},
          {"pass", number(s.pass)},
          {"speed", number(s.speed)},
          {"sol", number(s.sol)},
          {"fast_1", number(s.fast)},
          {"tasks", s.tasks},
          {"lines", list(s.lines, [](const SheetLine& l) -> Json {
             return {{"task", l.task},
                     {"implementation", l.implementation},
                     {"outcome", l.outcome},
                     {"why", l.why},
                     {"coverage", number(l.coverage)},
                     {"speedup", number(l.speedup)},
                     {"points", number(l.points)},
                     {"sol", number(l.sol)},
                     {"ids", l.ids}};
           })}};
}

}  // namespace

Json to_json(const Report& r) {
  return {{"head", head_json(r.head)},
          {"measurements", list(r.bars, bar_json)},
          {"roofline", roofline_json(r)},
          {"plans", list(r.plans, plan_json)},
          {"lineage", list(r.lineages, lineage_json)},
          {"verdicts", list(r.judgements, judgement_json)},
          {"scores", list(r.sheets, sheet_json)}};
}

}  // namespace fk::report
