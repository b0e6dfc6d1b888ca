// SPDX-License-Identifier: Apache-2.0
#include "core/resolver/proof.hpp"

#include <gtest/gtest.h>

namespace fk::resolver {
namespace {

// A model whose rounds take what a test says; the first is the warm-up.
struct Said : Rig {
  std::vector<double> seconds;
  size_t rounds = 0;
  core::Plan none;
  explicit Said(std::vector<double> s) : seconds(std::move(s)) {}
  core::search::PerPhase round() override {
    const double t = seconds[std::min(rounds++, seconds.size() - 1)];
    return {t, t};
  }
  Logits logits(bool) override { return {}; }
  Logits answers() override { return {}; }
  double nll(const std::vector<int32_t>&) override { return 0; }
  Logits embed(const std::vector<std::vector<int32_t>>&) override { return {}; }
  const core::Plan& plan() const override { return none; }
};

Gain held_against(Said first, Said second, double hopeless) {
  uint64_t draw = 0;
  return in_turn(first, second, {1, 4}, {.hopeless = hopeless}, draw);
}

TEST(InTurn, WhatIsHopelessIsGivenUpSoon) {
  const Gain g = held_against(Said({1}), Said({1, 2, 4}), 0.9);
  EXPECT_TRUE(g.given_up);
  EXPECT_EQ(g.rounds, 2u);
  for (const judge::Interval& i : {g.whole, g.prefill, g.decode}) {
    EXPECT_NEAR(i.low, 0.25, 1e-9);
    EXPECT_NEAR(i.high, 0.5, 1e-9);
    EXPECT_LE(i.low, i.middle);
    EXPECT_LE(i.middle, i.high);
  }
}

TEST(InTurn, ARoundThatTheMachineSpoiledIsNoReasonTo) {
  for (const std::vector<double>& seconds :
       {std::vector<double>{1, 4, 1}, {1, 1, 4, 1}, {9, 1.1}, {1, 1.05}}) {
    const Gain g = held_against(Said({1}), Said(seconds), 0.9);
    EXPECT_FALSE(g.given_up);
    EXPECT_EQ(g.rounds, Rounds().least);
  }
}

// Prefill that got faster by a tenth, beside a decode step that is as it was and twice as long
// every other time.
TEST(InTurn, APhaseIsTimedWithoutTheOthersNoise) {
  struct Noisy : Said {
    explicit Noisy(double prefill) : Said({prefill}) {}
    core::search::PerPhase round() override {
      core::search::PerPhase t{};
      t[size_t(core::Phase::kPrefill)] = seconds[0];
      t[size_t(core::Phase::kDecode)] = 1 + double(rounds++ % 2);
      return t;
    }
  };
  Noisy first(1.1), second(1);
  second.rounds = 1;
  uint64_t draw = 0;
  const Gain g =
      in_turn(first, second, {1, 4}, {.phase = core::Phase::kPrefill, .hopeless = 0.9}, draw);
  EXPECT_FALSE(g.given_up);
  EXPECT_NEAR(g.of(core::Phase::kPrefill).low, 1.1, 1e-9);
  EXPECT_LT(g.of(std::nullopt).low, 1);
}

TEST(InTurn, OnlyATrialGivesUp) {
  const Gain g = held_against(Said({1}), Said({4}), 0);
  EXPECT_FALSE(g.given_up);
  EXPECT_EQ(g.rounds, Rounds().least);
  EXPECT_NEAR(g.whole.high, 0.25, 1e-9);
}

}  // namespace
}  // namespace fk::resolver
