// SPDX-License-Identifier: Apache-2.0
#include "core/eval/report.hpp"

#include <fmt/format.h>

#include <set>

#include "core/judge/timing/weighted.hpp"
#include "core/resolver/proven.hpp"

namespace fk::eval {
namespace {

using core::Json;

Json interval(double low, double middle, double high) { return {low, middle, high}; }

Json part_json(const Part& p) {
  const score::CaseResult& r = p.result;
  Json j = {{"task", p.share.task},
            {"level", p.level},
            {"case", r.id},
            {"workload", p.workload},
            {"phase", core::phase_name(p.share.phase)},
            {"path", p.share.path},
            {"nodes", p.share.nodes},
            {"weight", r.weight},
            {"implementation", p.share.evaluated.implementation},
            {"hash", p.share.evaluated.hash},
            {"baseline", p.share.baseline.implementation},
            {"baseline_hash", p.share.baseline.hash},
            {"code", p.code},
            {"supported", r.supported},
            {"passed", r.passed}};
  if (!p.text.empty()) j["text"] = p.text;
  if (r.ratio > 0) {
    j["ratio"] = interval(r.ratio_low, r.ratio, r.ratio_high);
    if (p.code != "=")
      j["baseline_seconds"] = r.baseline_seconds, j["floor_seconds"] = r.floor_seconds;
  }
  if (!p.ids.empty()) j["ids"] = p.ids;
  return j;
}

Json task_json(const score::OperatorScore& o, int level) {
  Json j = {{"task", o.task},
            {"level", level},
            {"outcome", score::outcome_name(o.outcome)},
            {"share", o.weight},
            {"coverage", o.coverage},
            {"speedup", o.speedup},
            {"points", o.points},
            {"sol", o.sol}};
  if (!o.why.empty()) j["why"] = o.why;
  return j;
}

Json levels_json(const ModelResult& m) {
  std::map<int, std::vector<score::Operator>> by_level;
  for (const score::Operator& o : m.operators) by_level[m.levels.at(o.task)].push_back(o);
  Json out = Json::array();
  for (const auto& [level, operators] : by_level) {
    double share = 0;
    for (const score::Operator& o : operators) share += o.weight;
    Json j = {{"level", level}, {"share", share}};
    j.update(to_json(score::score(operators)));
    out.push_back(std::move(j));
  }
  return out;
}

// Of all workloads together: by the time that the baselines take for each.
judge::Interval speedup_of(const ModelResult& m) {
  std::vector<judge::Weighted> all;
  for (const InPlace& x : m.in_place) {
    const auto steps = resolver::steps_of(x.workload, !x.gain.has_decode);
    double seconds = 0;
    for (size_t p = 0; p < steps.size(); ++p) seconds += steps[p] * x.gain.first[p];
    all.push_back({seconds, x.gain.whole});
  }
  return judge::weighted_speedup(all);
}

Json in_place_json(const ModelResult& m) {
  Json j = to_json(score::score({m.whole}));
  const judge::Interval all = speedup_of(m);
  if (m.not_run.empty()) j["speedup"] = interval(all.low, all.middle, all.high);
  j["workloads"] = Json::array();
  for (const InPlace& x : m.in_place) {
    Json w = {{"workload", x.workload.text()}, {"measured", x.measured}};
    w.update(resolver::to_json(x.gain));
    j["workloads"].push_back(std::move(w));
  }
  return j;
}

Json model_json(const ModelResult& m, double all) {
  const score::Score s = score::score(m.operators);
  Json j = {{"name", m.name},
            {"config", m.config},
            {"family", m.family},
            {"weights", m.weights},
            {"weight", m.weight / all},
            {"plan_hash", m.plan_hash},
            {"baseline_plan_hash", m.baseline_hash},
            {"passed", m.passed()},
            {"other_share", m.other}};
  if (!m.not_run.empty()) j["not_run"] = m.not_run;
  j["score"] = to_json(s);
  j["levels"] = levels_json(m);
  j["tasks"] = Json::array();
  for (const score::OperatorScore& o : s.operators)
    j["tasks"].push_back(task_json(o, m.levels.at(o.task)));
  j["parts"] = Json::array();
  for (const Part& p : m.parts) j["parts"].push_back(part_json(p));
  j["in_place"] = in_place_json(m);
  j["metrics"] = Json::array();
  for (const MetricResult& x : m.metrics) {
    Json to = {{"name", x.name}, {"passed", x.passed}, {"value", x.value}, {"bound", x.bound}};
    to.update(x.more);
    to["text"] = x.text;
    j["metrics"].push_back(std::move(to));
  }
  return j;
}

// Models of one family, or all: the tasks of each with the model's weight, and the models.
Json total_json(const std::vector<ModelResult>& models, const std::string& family) {
  std::vector<score::Operator> tasks, wholes;
  for (const ModelResult& m : models) {
    if (!family.empty() && m.family != family) continue;
    for (score::Operator o : m.operators) {
      o.task = m.name + ": " + o.task;
      o.weight *= m.weight;
      tasks.push_back(std::move(o));
    }
    wholes.push_back(m.whole);
  }
  return {{"score", to_json(score::score(tasks))}, {"in_place", to_json(score::score(wholes))}};
}

}  // namespace

Json to_json(const score::Score& s) {
  return {{"score", s.score},    {"middle", s.middle},      {"high", s.high},
          {"speed", s.speed},    {"pass", s.pass},          {"coverage", s.coverage},
          {"fast_1", s.fast(1)}, {"fast_1.2", s.fast(1.2)}, {"sol", s.sol}};
}

Json report_of(const Scenario& scenario, const std::vector<ModelResult>& models) {
  Json out = {{"scenario", scenario.name}, {"file", scenario.file}};
  double all = 0;
  bool passed = true;
  std::set<std::string> families;
  std::map<std::string, double> weights;
  for (const ModelResult& m : models) {
    all += m.weight;
    passed = passed && m.passed();
    families.insert(m.family);
    weights[m.family] += m.weight;
  }
  out["passed"] = passed;
  out["models"] = Json::array();
  for (const ModelResult& m : models) out["models"].push_back(model_json(m, all));
  out["families"] = Json::array();
  for (const std::string& f : families) {
    Json j = {{"family", f}, {"weight", weights[f] / all}};
    j.update(total_json(models, f));
    out["families"].push_back(std::move(j));
  }
  out["total"] = total_json(models, "");
  return out;
}

}  // namespace fk::eval
