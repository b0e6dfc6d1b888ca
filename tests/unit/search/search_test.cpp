// SPDX-License-Identifier: Apache-2.0
#include "core/resolve/search.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <random>

#include "core/base/sanitized.hpp"
#include "tests/support/errors.hpp"

namespace fk::core::search {
namespace {

using test::error_of;

Option option(const std::string& name, double seconds, std::vector<Child> children = {},
              int64_t bytes = 0) {
  return {name, {seconds, seconds}, bytes, std::move(children), ""};
}
Sub sub(const std::string& task, std::vector<Option> options) {
  return {task, "", "cpu", "float32", std::move(options)};
}

const Explained& explained(const Result& r, size_t sub) {
  for (const Explained& e : r.subs)
    if (e.sub == sub) return e;
  throw std::out_of_range("no such sub-problem");
}
size_t chosen(const Result& r, size_t sub, Phase phase = Phase::kPrefill) {
  const Explained& e = explained(r, sub);
  return e.chosen.size() == 1 ? e.chosen[0].decision.option[size_t(phase)] : size_t(-1);
}

// An MLP of three operations, fused or not, in 32 layers.
Problem mlp(double fused, double fast_linear) {
  Problem p;
  p.subs = {sub("layer", {option("composed", 1, {{1, 32}})}),
            sub("mlp", {option("composed", 0, {{2, 2}, {3, 1}}), option("fused", fused)}),
            sub("linear", {option("cpu", 10), option("mine", fast_linear)}),
            sub("silu", {option("cpu", 3)})};
  return p;
}

TEST(Search, AFusedOptionCompetesWithTheBestComposition) {
  // Better than the baseline's composition (23), not than the best one (15).
  Result r = solve(mlp(20, 6));
  EXPECT_DOUBLE_EQ(r.cost, 2 * (1 + 32 * 15));  // both phases
  EXPECT_EQ(chosen(r, 1), 0u);
  EXPECT_EQ(chosen(r, 2), 1u);
  const Explained& mlp_of = explained(r, 1);
  EXPECT_EQ(mlp_of.runner_up.option[0], 1u);
  EXPECT_DOUBLE_EQ(mlp_of.difference, 2 * 5);
  EXPECT_EQ(mlp_of.chosen[0].instances, 32);
  EXPECT_EQ(explained(r, 2).chosen[0].instances, 64);
  // Better than that, too.
  r = solve(mlp(14, 6));
  EXPECT_EQ(chosen(r, 1), 1u);
  EXPECT_TRUE(explained(r, 2).chosen.empty());  // nothing of it is left
  EXPECT_EQ(explained(r, 2).best.option[0], 1u);
}

TEST(Search, OnlyTheEligibleAreChosenAndTheOthersSayWhy) {
  Problem p = mlp(1, 2);
  p.subs[1].options[1].ineligible = "wrong at case odd/3";
  p.subs[2].options[1].seconds[size_t(Phase::kDecode)] = kNotMeasured;
  p.subs[3].options.push_back(option("other", 1, {{4, 1}}));
  p.subs.push_back(sub("nobody", {}));
  const Result r = solve(p);
  EXPECT_EQ(chosen(r, 1), 0u);
  EXPECT_EQ(explained(r, 1).left_out, std::vector<std::string>{"fused: wrong at case odd/3"});
  EXPECT_EQ(explained(r, 3).left_out,
            std::vector<std::string>{"other: nothing can compute its nobody cpu float32"});
  EXPECT_FALSE(explained(r, 3).has_runner_up);
}

TEST(Search, ALeafMayHaveAnOptionForEachPhaseAndKeepsBoth) {
  Problem p;
  p.subs = {sub("attention", {{"few", {9, 1}, 100, {}, ""}, {"many", {2, 8}, 10, {}, ""}})};
  p.weights = {1, 1};
  Result r = solve(p);
  EXPECT_EQ(chosen(r, 0, Phase::kPrefill), 1u);
  EXPECT_EQ(chosen(r, 0, Phase::kDecode), 0u);
  EXPECT_DOUBLE_EQ(r.cost, 3);
  EXPECT_EQ(r.retained_bytes, 110);
  p.budget = 109;
  r = solve(p);
  EXPECT_DOUBLE_EQ(r.cost, 10);  // one for both: "many" keeps less, "few" costs as much
  EXPECT_LE(r.retained_bytes, 109);
  // A composite is one for both: 10 with its own time, against 9 + 1.5.
  p.budget.reset();
  p.subs[0].options = {{"few", {9, 1}, 0, {{1, 1}}, ""}, {"many", {2, 8.5}, 0, {{1, 1}}, ""}};
  p.subs.push_back(sub("leaf", {option("cpu", 0)}));
  EXPECT_DOUBLE_EQ(solve(p).cost, 10);
  // What counts nothing need not be measured.
  p.weights = {0, 1};
  p.subs[0].options[0].seconds[0] = kNotMeasured;
  EXPECT_DOUBLE_EQ(solve(p).cost, 1);
}

TEST(Search, WeightsComeFromSharesOfTime) {
  const PerPhase w = weights_of_shares({2e-3, 5e-3}, {1, 3});
  EXPECT_DOUBLE_EQ(w[0] * 2e-3, 0.25);
  EXPECT_DOUBLE_EQ(w[1] * 5e-3, 0.75);
  EXPECT_EQ(weights_of_shares({0, 5}, {1, 1}), (PerPhase{0, 0.2}));
}

TEST(Search, ABudgetMayReachForSomeInstancesOnly) {
  Problem p;
  p.subs = {sub("model", {option("composed", 0, {{1, 32}})}),
            sub("linear", {option("plain", 10), option("packed", 6, {}, 100)})};
  p.budget = 1250;
  const Result r = solve(p);
  EXPECT_TRUE(r.exact);
  EXPECT_EQ(r.retained_bytes, 1200);
  EXPECT_DOUBLE_EQ(r.cost, 2 * (12 * 6 + 20 * 10));
  EXPECT_DOUBLE_EQ(r.unlimited, 2 * 32 * 6);
  const Explained& e = explained(r, 1);
  ASSERT_EQ(e.chosen.size(), 2u);
  EXPECT_EQ(e.chosen[0].instances + e.chosen[1].instances, 32);
  EXPECT_EQ(e.best.option[0], 1u);
}

TEST(Search, WhatCannotBeSolvedSaysWhy) {
  Problem p = mlp(1, 1);
  p.subs[3].options.clear();
  p.subs[1].options[1].ineligible = "crashed";
  EXPECT_EQ(error_of([&] { solve(p); }),
            "search: nothing eligible computes silu cpu float32: no implementation is known; "
            "needed below layer cpu float32");
  p = mlp(1, 1);
  p.subs[3].options[0].children = {{1, 1}};
  EXPECT_NE(error_of([&] { solve(p); }).find("is below itself"), std::string::npos);
  p = mlp(1, 1);
  p.subs[3].task = "linear";
  EXPECT_NE(error_of([&] { solve(p); }).find("linear cpu float32 is there twice"),
            std::string::npos);
  p = mlp(1, 1);
  p.subs[2].options[0].seconds[0] = -1;
  EXPECT_NE(error_of([&] { solve(p); }).find("cpu of linear"), std::string::npos);
  p = mlp(1, 1);
  p.subs[1].options.pop_back();
  p.subs[3].options[0].retained_bytes = 7;
  p.budget = 7 * 32 - 1;
  EXPECT_EQ(error_of([&] { solve(p); }),
            "search: the plan that keeps the least memory keeps 224 bytes, the budget is 223; "
            "give at least that");
}

// A tree of `nodes` sub-problems with `fan` children each, every one with options that trade memory
// for time.
Problem large(size_t nodes, size_t fan, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> time(1e-6, 1e-5);
  Problem p;
  for (size_t i = 0; i < nodes; ++i) {
    Sub s = sub("t" + std::to_string(i), {});
    std::vector<Child> children;
    for (size_t c = i * fan + 1; c <= i * fan + fan && c < nodes; ++c) children.push_back({c, 1});
    for (int o = 0; o < 4; ++o)
      s.options.push_back(option("o" + std::to_string(o), time(random),
                                 o < 3 ? children : std::vector<Child>{},
                                 o == 0 ? 0 : int64_t(random() % 1000)));
    if (!children.empty()) s.options[3].seconds = {1e2, 1e2};  // fused, and bad
    p.subs.push_back(std::move(s));
  }
  return p;
}

// A sanitizer makes it five times slower, which is no news of the search.
constexpr double kMostSeconds = core::kSanitized ? 20 : 1;

TEST(Search, TenThousandNodesTakeLessThanASecond) {
  for (size_t fan : {1, 2, 8, 10'000}) {
    Problem p = large(10'000, fan, fan);
    const std::clock_t begin = std::clock();  // of this process: the machine may be busy
    Result r = solve(p);
    const std::clock_t middle = std::clock();
    p.budget = r.retained_bytes * 3 / 4;
    const Result within = solve(p);
    const std::clock_t end = std::clock();
    const double plain = double(middle - begin) / CLOCKS_PER_SEC;
    const double budgeted = double(end - middle) / CLOCKS_PER_SEC;
    printf("fan %zu: %.3f s, with a budget %.3f s (%s, at most %.2f %% from the optimum)\n", fan,
           plain, budgeted, within.exact ? "exact" : "thinned",
           100 * (within.cost / within.bound - 1));
    EXPECT_LT(plain, kMostSeconds);
    EXPECT_LT(budgeted, kMostSeconds);
    EXPECT_LE(within.retained_bytes, *p.budget);
    EXPECT_LE(r.cost, within.bound * (1 + 1e-12));
    EXPECT_LE(within.bound, within.cost * (1 + 1e-12));
    EXPECT_LT(within.cost, within.bound * 1.01);
  }
}

}  // namespace
}  // namespace fk::core::search
