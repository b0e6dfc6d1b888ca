// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/plugin/baseline_order.hpp"

namespace fk::core::search {

// The resolver's search: which implementations make a tree of tasks fastest. Pure: what was
// measured goes in, what to choose comes out, with its reasons.

// One number a phase of steps, by Phase.
constexpr size_t kPhases = 2;
using PerPhase = std::array<double, kPhases>;
constexpr double kNotMeasured = std::numeric_limits<double>::infinity();

struct Child {
  size_t sub = 0;     // of Problem::subs
  int64_t count = 1;  // instances of it below one instance of the option
};

// One implementation. `seconds` is its own time a step, without its children's; kNotMeasured in a
// phase that it cannot compute, or has not been measured in.
struct Option {
  std::string name;  // plugin/name
  PerPhase seconds{};
  int64_t retained_bytes = 0;  // that an instance keeps, beside what its children keep
  std::vector<Child> children;
  std::string ineligible;  // why it may not be chosen; empty: it may
};

// A sub-problem: all equal nodes of the tree are one. Its measurements have the shape bucket in
// their key; here the buckets stand side by side, because a node with children has one
// implementation for both. Equal keys in one problem are an error.
struct Sub {
  std::string task, init, device, dtype;
  std::vector<Option> options;
};

struct Problem {
  std::vector<Sub> subs;
  size_t root = 0;
  // What a second of each phase costs: see weights_of_shares.
  PerPhase weights{1, 1};
  // Of the whole tree's retained bytes; none: as much as it takes.
  std::optional<int64_t> budget;
  // Of points that a Pareto front may have before it is thinned and the answer may miss the
  // optimum. 0: as many as a second's work allows.
  size_t most_points = 0;
};

// Weights that make a tree which takes `seconds` a phase cost 1, each phase its share of the time
// of the workload (shares need not sum to 1; a phase without a share or without time counts
// nothing).
PerPhase weights_of_shares(const PerPhase& seconds, const PerPhase& shares);

// What one instance of a sub-problem is computed by. Where nothing stands below it the phases may
// have an option each: both are kept in memory.
struct Decision {
  std::array<size_t, kPhases> option{};  // equal unless there are two
  bool operator==(const Decision&) const = default;
};

struct Explained {
  size_t sub = 0;
  // How many instances of the whole tree do what; more than one kind only where the budget does not
  // reach for all. Empty: nothing of the chosen tree contains this sub-problem.
  struct Chosen {
    Decision decision;
    int64_t instances = 0;
    double cost = 0;  // of one instance with what lies below it, weighted
    int64_t retained_bytes = 0;
  };
  std::vector<Chosen> chosen;
  // Without a budget: the best, the next best, and by how much it is worse (0: a tie).
  Decision best, runner_up;
  bool has_runner_up = false;
  double best_cost = 0, difference = 0;
  std::vector<std::string> left_out;  // "mine/fast: wrong at case X"
};

struct Result {
  double cost = 0;     // weighted seconds of the tree
  PerPhase seconds{};  // of a step of each phase
  int64_t retained_bytes = 0;
  bool exact = true;            // no front was thinned
  double bound = 0;             // no plan within the budget costs less; == cost when exact
  double unlimited = 0;         // the cost without a budget
  std::vector<Explained> subs;  // that can be reached from the root, parents before children
};

// The optimum. For every sub-problem: the least over its eligible options of own cost plus the sum
// of count * best(child), so that a fused option competes with the best composition; a sub-problem
// is solved once, O(options^2 + children) for each.
//
// With a budget that the optimum exceeds: a Pareto front of (cost, bytes) a sub-problem, joined
// over children and options, each instance free to choose. Exact, and exponential in the worst case
// (it is a knapsack); beyond `most_points` a front keeps its ends and an even choice of what lies
// between: the answer keeps the budget, `exact` is false and `bound` says how much could be missed.
//
// Throws Error kBadInput for a cycle, an unknown child, equal keys or a negative number; kMissing
// when nothing eligible is left for the root or nothing fits the budget, saying why.
Result solve(const Problem&);

}  // namespace fk::core::search
