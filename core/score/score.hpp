// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

namespace fk::score {

// One case of one task: what was measured of an implementation beside the best baseline of that
// shape, in the same run and the same launch mode. Seconds in any one unit.
struct CaseResult {
  std::string id;     // the same id twice is one case with its weight, measured twice
  double weight = 1;  // 0 or more, in any unit
  bool supported = true;
  bool passed = true;
  // Baseline over implementation: the paired ratio and its 95 % interval.
  double ratio_low = 0, ratio = 0, ratio_high = 0;
  double baseline_seconds = 0;
  double floor_seconds = 0;  // roofline; 0: not known
};

// A task of a level. Without cases, or without supported ones, it was left out: which is no better
// than to fail.
struct Operator {
  std::string task;   // the same task twice is one with its weight, judged twice
  double weight = 1;  // 0 or more, in any unit
  std::vector<CaseResult> cases;
};

enum class Outcome { kPassed, kFailed, kRejected, kMissing };
const char* outcome_name(Outcome);

struct OperatorScore {
  std::string task;
  Outcome outcome = Outcome::kMissing;
  std::string why;      // the case that failed, or was faster than its floor
  double weight = 0;    // W, a share
  double coverage = 0;  // kappa: the share of its cases' weight that it supports
  double speedup = 0;   // x, of the lower bounds; 0 unless passed
  double points = 0;    // f(x), 0 to 2
  double sol = 0;       // the SOL score, 0 to 1
};

// S = 100 * sum of W * kappa * f(x) = 100 * coverage * pass * speed.
struct Score {
  double score = 0;     // 100: parity everywhere; 0 to 200
  double coverage = 0;  // attempted weight
  double pass = 0;      // of it, the part that passed
  double speed = 0;     // of that, the mean of f
  // The score with all ratios at the lower and at the upper ends of their intervals. `low` is
  // `score`: what is not known does not count.
  double low = 0, middle = 0, high = 0;
  double sol = 0;  // the mean of 200 * SOL score: the same number where every floor is 0 and x one
  std::vector<OperatorScore> operators;  // by task
  // The weight of what passed and is faster than p.
  double fast(double p) const;
};

// f(x) = 2x / (1 + x): 0 at failure, 1 at parity, 2 without end. f(x) + f(1/x) = 2.
double points_of(double speedup);
// SOL-ExecBench's (T_base - T_sol) / ((T_base - T_sol) + (T - T_sol)), T_sol given as a share of
// T_base: 0.5 at parity, 1 at the floor.
double sol_of(double speedup, double floor_share);

// Throws Error for a sheet that means nothing: a negative weight, no weight at all, a passed case
// without times or with its interval in disorder.
Score score(const std::vector<Operator>&);

}  // namespace fk::score
