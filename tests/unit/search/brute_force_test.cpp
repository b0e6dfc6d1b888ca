// SPDX-License-Identifier: Apache-2.0
// The search against every tree there is, on random problems small enough to write all of them
// down.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/base/error.hpp"
#include "core/resolve/search.hpp"

namespace fk::core::search {
namespace {

using Random = std::mt19937_64;

// Sub-problems name later ones only: no cycles; often the same one: a DAG.
Problem random_problem(Random& random) {
  const auto below = [&](uint64_t n) { return random() % n; };
  const size_t n = 1 + below(5);
  // Round numbers make ties, others none.
  const bool round = below(2);
  const auto time = [&] { return round ? double(below(6)) : double(below(1'000'000)) * 1.1e-9; };
  Problem p;
  p.weights = {double(below(4)) / 2, double(1 + below(3)) / 2};
  for (size_t s = 0; s < n; ++s) {
    Sub sub{"t" + std::to_string(s), "", "cpu", "float32", {}};
    const size_t options = below(12) ? 1 + below(3) : 0;
    for (size_t o = 0; o < options; ++o) {
      Option option{"o" + std::to_string(o), {time(), time()}, int64_t(below(5)), {}, ""};
      if (below(10) == 0) option.ineligible = "wrong";
      if (below(10) == 0) option.seconds[below(2)] = kNotMeasured;
      if (s + 1 < n && below(3))
        for (size_t c = 0, many = 1 + below(2); c < many; ++c)
          option.children.push_back({s + 1 + below(n - s - 1), int64_t(below(4))});
      sub.options.push_back(std::move(option));
    }
    p.subs.push_back(std::move(sub));
  }
  return p;
}

struct Tree {
  double cost;
  int64_t bytes;
};
constexpr size_t kMost = 1000;
struct TooMany {};

// Every tree of one instance, children before and after each other, nothing remembered, nothing
// left out.
std::vector<Tree> all_trees(const Problem& p, size_t s) {
  std::vector<Tree> out;
  const std::vector<Option>& options = p.subs[s].options;
  const auto [w0, w1] = p.weights;
  for (size_t i = 0; i < options.size(); ++i) {
    for (size_t j = 0; j < options.size(); ++j) {
      const Option &a = options[i], &b = options[j];
      if (!a.ineligible.empty() || !b.ineligible.empty()) continue;
      if (i != j && !(a.children.empty() && b.children.empty())) continue;
      const double cost = (w0 > 0 ? w0 * a.seconds[0] : 0) + (w1 > 0 ? w1 * b.seconds[1] : 0);
      if (std::isinf(cost)) continue;
      std::vector<Tree> trees = {{cost, a.retained_bytes + (i == j ? 0 : b.retained_bytes)}};
      for (const Child& c : a.children)
        for (int64_t k = 0; k < c.count; ++k) {
          std::vector<Tree> more;
          for (const Tree& below : all_trees(p, c.sub))
            for (const Tree& t : trees)
              more.push_back({t.cost + below.cost, t.bytes + below.bytes});
          trees = std::move(more);
          if (trees.size() > kMost) throw TooMany{};
        }
      out.insert(out.end(), trees.begin(), trees.end());
      if (out.size() > kMost) throw TooMany{};
    }
  }
  return out;
}

// The numbers of a result, once more from what it says was chosen.
void expect_consistent(const Problem& p, const Result& r) {
  double cost = 0;
  int64_t bytes = 0;
  std::vector<int64_t> asked(p.subs.size(), 0), given(p.subs.size(), 0);
  asked[p.root] = 1;
  for (const Explained& e : r.subs)
    for (const Explained::Chosen& c : e.chosen) {
      const auto [i, j] = c.decision.option;
      const Option &a = p.subs[e.sub].options[i], &b = p.subs[e.sub].options[j];
      given[e.sub] += c.instances;
      for (const Child& child : a.children) asked[child.sub] += child.count * c.instances;
      cost += double(c.instances) * ((p.weights[0] > 0 ? p.weights[0] * a.seconds[0] : 0) +
                                     (p.weights[1] > 0 ? p.weights[1] * b.seconds[1] : 0));
      bytes += c.instances * (a.retained_bytes + (i == j ? 0 : b.retained_bytes));
      EXPECT_TRUE(a.ineligible.empty() && b.ineligible.empty());
    }
  EXPECT_EQ(asked, given);
  EXPECT_NEAR(cost, r.cost, 1e-12 * (1 + cost));
  EXPECT_EQ(bytes, r.retained_bytes);
}

TEST(SearchAgainstBruteForce, TenThousandRandomProblems) {
  Random random(20261121);
  int solved = 0, budgeted = 0, bound_by_budget = 0, hopeless = 0, thinned = 0;
  while (solved < 12'000) {
    Problem p = random_problem(random);
    std::vector<Tree> trees;
    try {
      trees = all_trees(p, p.root);
    } catch (const TooMany&) { continue; }
    if (trees.empty()) {
      EXPECT_THROW(solve(p), Error);
      ++hopeless;
      continue;
    }
    ++solved;
    double least = HUGE_VAL;
    int64_t smallest = INT64_MAX, largest = 0;
    for (const Tree& t : trees) {
      least = std::min(least, t.cost);
      smallest = std::min(smallest, t.bytes);
      largest = std::max(largest, t.bytes);
    }
    const Result r = solve(p);
    ASSERT_NEAR(r.cost, least, 1e-12 * (1 + least)) << solved;
    expect_consistent(p, r);

    p.budget = smallest + int64_t(random() % uint64_t(largest - smallest + 1));
    double fitting = HUGE_VAL;
    for (const Tree& t : trees)
      if (t.bytes <= *p.budget) fitting = std::min(fitting, t.cost);
    const Result within = solve(p);
    ASSERT_TRUE(within.exact);
    ASSERT_NEAR(within.cost, fitting, 1e-12 * (1 + fitting)) << solved;
    ASSERT_LE(within.retained_bytes, *p.budget);
    expect_consistent(p, within);
    ++budgeted;
    bound_by_budget += fitting > least;

    // Thinned to almost nothing it still keeps the budget and does not promise too much.
    p.most_points = 2;
    const Result rough = solve(p);
    ASSERT_LE(rough.retained_bytes, *p.budget);
    ASSERT_LE(rough.bound, fitting + 1e-12 * (1 + fitting)) << solved;
    ASSERT_GE(rough.cost, fitting - 1e-12 * (1 + fitting));
    expect_consistent(p, rough);
    thinned += !rough.exact;

    if (smallest > 0) {
      p.budget = smallest - 1;
      EXPECT_THROW(solve(p), Error);
    }
  }
  printf("%d problems, %d where the budget bound, %d thinned, %d without a solution\n", solved,
         bound_by_budget, thinned, hopeless);
  EXPECT_GT(bound_by_budget, 1000);
  EXPECT_GT(thinned, 100);
  EXPECT_GT(hopeless, 300);
}

}  // namespace
}  // namespace fk::core::search
