// SPDX-License-Identifier: Apache-2.0
#include "core/score/score.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "core/base/error.hpp"

namespace fk::score {
namespace {

using core::bad_input;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

void check(const Operator& o) {
  if (!(o.weight >= 0) || o.weight == kInfinity)
    bad_input("score: {}: weight is {}; expected 0 or more", o.task, o.weight);
  double sum = 0;
  for (const CaseResult& c : o.cases) {
    if (!(c.weight >= 0) || c.weight == kInfinity)
      bad_input("score: {} {}: weight is {}; expected 0 or more", o.task, c.id, c.weight);
    sum += c.weight;
    if (!c.supported || !c.passed) continue;
    if (!(c.ratio_low <= c.ratio && c.ratio <= c.ratio_high && c.ratio > 0 && c.ratio < kInfinity))
      bad_input("score: {} {}: the ratio {} is not in its interval [{}, {}]", o.task, c.id, c.ratio,
                c.ratio_low, c.ratio_high);
    if (!(c.baseline_seconds > 0) || !(c.floor_seconds >= 0))
      bad_input("score: {} {}: {} s of the baseline and a floor of {} s; expected a time", o.task,
                c.id, c.baseline_seconds, c.floor_seconds);
  }
  if (!o.cases.empty() && sum == 0) bad_input("score: {}: its cases weigh nothing", o.task);
}

// r: no more than the floor allows, and nothing below nothing.
double clipped(const CaseResult& c, double ratio) {
  const double most = c.floor_seconds > 0 ? c.baseline_seconds / c.floor_seconds : kInfinity;
  return std::clamp(ratio, 0.0, most);
}

double floor_share(const CaseResult& c) { return c.floor_seconds / c.baseline_seconds; }

// What an operator has at one end of its intervals.
struct Ends {
  double low = 0, middle = 0, high = 0;
};

struct Scored {
  OperatorScore shown;
  Ends points;
};

// Sums in the order of ids, so that the order of the sheet changes no bit.
std::vector<const CaseResult*> by_id(const Operator& o) {
  std::vector<const CaseResult*> out;
  for (const CaseResult& c : o.cases) out.push_back(&c);
  std::stable_sort(out.begin(), out.end(),
                   [](const CaseResult* a, const CaseResult* b) { return a->id < b->id; });
  return out;
}

Scored scored(const Operator& o) {
  check(o);
  Scored out;
  OperatorScore& s = out.shown;
  s.task = o.task;
  std::map<std::string, double> copies;
  for (const CaseResult& c : o.cases) ++copies[c.id];
  double all = 0, supported = 0, sol = 0;
  double low = 0, middle = 0, high = 0;  // of logarithms
  for (const CaseResult* c : by_id(o)) {
    const double w = c->weight / copies[c->id];
    all += w;
    if (!c->supported) continue;
    supported += w;
    if (!c->passed) {
      if (s.outcome != Outcome::kFailed) s.why = c->id;
      s.outcome = Outcome::kFailed;
      continue;
    }
    // Faster than anything can be: the measurement is wrong, or the work was not done.
    if (c->ratio * floor_share(*c) > 1) {
      if (s.outcome == Outcome::kMissing) s.outcome = Outcome::kRejected, s.why = c->id;
      continue;
    }
    if (w == 0) continue;
    const double r = clipped(*c, c->ratio_low);
    low += w * std::log(r);
    middle += w * std::log(clipped(*c, c->ratio));
    high += w * std::log(clipped(*c, c->ratio_high));
    sol += w * sol_of(r, floor_share(*c));
  }
  s.coverage = all > 0 ? supported / all : 0;
  if (supported == 0 || s.outcome != Outcome::kMissing) return out;
  s.outcome = Outcome::kPassed;
  s.speedup = std::exp(low / supported);
  s.points = points_of(s.speedup);
  s.sol = sol / supported;
  out.points = {s.points, points_of(std::exp(middle / supported)),
                points_of(std::exp(high / supported))};
  return out;
}

}  // namespace

const char* outcome_name(Outcome o) {
  switch (o) {
    case Outcome::kPassed: return "passed";
    case Outcome::kFailed: return "failed";
    case Outcome::kRejected: return "rejected";
    case Outcome::kMissing: return "missing";
  }
  return "";
}

double points_of(double x) { return x == kInfinity ? 2 : 2 * x / (1 + x); }

double sol_of(double x, double share) {
  if (x <= 0) return 0;
  // A baseline at its floor leaves nothing to gain: parity or less.
  const double room = std::max(1 - share, 0.0), above = std::max(1 / x - share, 0.0);
  return room + above == 0 ? 0.5 : room / (room + above);
}

double Score::fast(double p) const {
  double out = 0;
  for (const OperatorScore& o : operators)
    if (o.outcome == Outcome::kPassed && o.speedup > p) out += o.weight * o.coverage;
  return out;
}

Score score(const std::vector<Operator>& sheet) {
  std::vector<const Operator*> sorted;
  std::map<std::string, double> copies;
  for (const Operator& o : sheet) sorted.push_back(&o), ++copies[o.task];
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Operator* a, const Operator* b) { return a->task < b->task; });
  double all = 0;
  for (const Operator* o : sorted) all += o->weight / copies[o->task];
  Score out;
  std::vector<Scored> list;
  for (const Operator* o : sorted) list.push_back(scored(*o));
  if (!(all > 0)) bad_input("score: the sheet weighs nothing; give at least one task a weight");
  double passed = 0;
  for (size_t i = 0; i < list.size(); ++i) {
    OperatorScore& o = list[i].shown;
    o.weight = sorted[i]->weight / copies[o.task] / all;
    const double share = o.weight * o.coverage;
    out.coverage += share;
    if (o.outcome == Outcome::kPassed) {
      passed += share;
      out.low += 100 * share * list[i].points.low;
      out.middle += 100 * share * list[i].points.middle;
      out.high += 100 * share * list[i].points.high;
      out.sol += 200 * share * o.sol;
    }
    out.operators.push_back(std::move(o));
  }
  out.score = out.low;
  out.pass = out.coverage > 0 ? passed / out.coverage : 0;
  out.speed = passed > 0 ? out.score / 100 / passed : 0;
  return out;
}

}  // namespace fk::score
