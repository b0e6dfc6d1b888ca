// SPDX-License-Identifier: Apache-2.0
#include "core/resolver/conflict.hpp"

#include <gtest/gtest.h>

namespace fk::resolver {
namespace {

using core::search::Option;
using core::search::PerPhase;
using core::search::Problem;

// A model of ten layers with attention, which a library has in one piece around its own
// paged_attention, or a composite around any. For prefill the library's is the baseline.
struct Conflicts : testing::Test {
  enum { kModel, kAttention, kPaged };
  Problem problem;
  std::vector<size_t> decode = {0, 0, 1};

  static Option option(const char* name, PerPhase seconds,
                       std::vector<core::search::Child> below = {}) {
    Option o;
    o.name = name, o.seconds = seconds, o.children = std::move(below);
    return o;
  }
  Conflicts() {
    problem.subs = {{"model", "{}", "", "", {option("composed/model", {1, 1}, {{kAttention, 10}})}},
                    {"attention",
                     "{}",
                     "",
                     "",
                     {option("library/attention", {2, 2}, {{kPaged, 1}}),
                      option("composed/attention", {4, 2}, {{kPaged, 1}})}},
                    {"paged_attention",
                     "{}",
                     "",
                     "",
                     {option("library/paged", {5, 5}), option("own/paged", {4, 4})}}};
  }
  static core::Choice node(const char* task, const char* implementation, const char* decode = "") {
    core::Choice c;
    c.task = task, c.init = "{}", c.implementation = implementation, c.decode = decode;
    return c;
  }
  // As a build has it that was told to take own/paged for both phases.
  static core::Plan refused() {
    core::Plan plan;
    plan.choices = {node("model", "composed/model"), node("attention", "composed/attention"),
                    node("paged_attention", "own/paged")};
    plan.choices[1].rejected = {"other/attention: no", "library/attention: not mine below"};
    return plan;
  }
  core::search::Result best() const { return solve(problem); }
};

TEST_F(Conflicts, NoneWhereTheBuildIsWhatWasFound) {
  core::Plan plan = refused();
  plan.choices[1] = node("attention", "library/attention");
  EXPECT_FALSE(find_conflict(problem, best(), plan));
  plan.choices[2] = node("paged_attention", "own/paged", "library/paged");
  const auto c = find_conflict(problem, best(), plan);
  ASSERT_TRUE(c);
  EXPECT_EQ(c->sub, size_t(kPaged));
}

TEST_F(Conflicts, TheOneThatWasRefusedIsNamedWithTheReason) {
  const auto c = find_conflict(problem, best(), refused());
  ASSERT_TRUE(c);
  EXPECT_EQ(c->sub, size_t(kAttention));
  EXPECT_EQ(c->option, 0u);
  EXPECT_EQ(c->why, "library/attention: not mine below");
}

// 1 s of prefill a layer is saved below, 2 s above.
TEST_F(Conflicts, WhatSavesLessIsGivenUp) {
  const auto out = settle(problem, best(), {kAttention, 0, ""}, decode);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].sub, size_t(kPaged));
  EXPECT_EQ(out[0].option, 1u);
  EXPECT_TRUE(out[0].phases[0]);
  EXPECT_FALSE(out[0].phases[1]) << "the baseline of decode stays";
}

TEST_F(Conflicts, OrTheOneAbove) {
  problem.subs[kPaged].options[1].seconds = {1, 4};
  const auto out = settle(problem, best(), {kAttention, 0, ""}, decode);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].sub, size_t(kAttention));
  EXPECT_EQ(out[0].option, 0u);
  EXPECT_TRUE(out[0].phases[0] && out[0].phases[1]);
}

TEST_F(Conflicts, WithoutAnythingNewBelowItIsTheOneAbove) {
  problem.subs[kPaged].options[0].seconds = {3, 5};
  const auto out = settle(problem, best(), {kAttention, 0, ""}, decode);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].sub, size_t(kAttention));
}

}  // namespace
}  // namespace fk::resolver
