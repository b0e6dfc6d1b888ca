// SPDX-License-Identifier: Apache-2.0
#include "core/resolver/proof.hpp"

#include <gtest/gtest.h>

#include <random>

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

template <class R>
Side side(const R& rig) {
  return {[rig] { return std::make_unique<R>(rig); }};
}

Gain held_against(const Said& first, const Said& second, double hopeless) {
  uint64_t draw = 0;
  Side a = side(first), b = side(second);
  return in_turn(a, b, {1, 4}, {.hopeless = hopeless}, draw);
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
    EXPECT_GE(g.rounds, Rounds().least);
  }
}

// Prefill that got faster by a tenth, beside a decode step that is as it was and anything up to
// twice as long.
TEST(InTurn, APhaseIsTimedWithoutTheOthersNoise) {
  struct Noisy : Said {
    std::mt19937& random;
    Noisy(double prefill, std::mt19937& r) : Said({prefill}), random(r) {}
    core::search::PerPhase round() override {
      core::search::PerPhase t{};
      t[size_t(core::Phase::kPrefill)] = seconds[0];
      t[size_t(core::Phase::kDecode)] = std::uniform_real_distribution(1.0, 2.0)(random);
      return t;
    }
  };
  std::mt19937 random(1);
  const Noisy first(1.1, random), second(1, random);
  uint64_t draw = 0;
  Side a = side(first), b = side(second);
  const Gain g = in_turn(a, b, {1, 4}, {.phase = core::Phase::kPrefill, .hopeless = 0.9}, draw);
  EXPECT_FALSE(g.given_up);
  EXPECT_NEAR(g.of(core::Phase::kPrefill).low, 1.1, 1e-9);
  EXPECT_LT(g.of(std::nullopt).low, 1);
}

// Of a model whose rounds take milliseconds, a few at a time do.
TEST(InTurn, AFewSpoiledRoundsOfManyAreNoReasonTo) {
  std::vector<double> seconds(5, 0.0015);
  seconds.push_back(0.0009);
  uint64_t draw = 0;
  Side a = side(Said({0.001})), b = side(Said(seconds));
  const Gain g =
      in_turn(a, b, {1, 4}, {.builds = 1, .budget = 0, .certain = true, .hopeless = 0.5}, draw);
  EXPECT_FALSE(g.given_up);
  EXPECT_GT(g.rounds, 16u);
  EXPECT_GT(g.whole.low, 1.0);
}

TEST(InTurn, OnlyATrialGivesUp) {
  const Gain g = held_against(Said({1}), Said({4}), 0);
  EXPECT_FALSE(g.given_up);
  EXPECT_EQ(g.rounds, Rounds().least * Rounds().builds);
  EXPECT_NEAR(g.whole.high, 0.25, 1e-9);
}

// A model each of whose builds has other luck, up to 1 %.
struct Lucky : Said {
  explicit Lucky(double s) : Said({s}) {}
  Lucky(const Lucky& other) : Said(other) { seconds[0] *= 1 + luck(); }
  static double luck() {
    static std::mt19937 random(1);
    return std::uniform_real_distribution(-0.01, 0.01)(random);
  }
};
Side lucky(double seconds) {
  return {[seconds] { return std::make_unique<Lucky>(Lucky(seconds)); }};
}

TEST(InTurn, TheLuckOfABuildIsNoGain) {
  constexpr int runs = 200;
  int said = 0;
  uint64_t draw = 0;
  for (int i = 0; i < runs; ++i) {
    Side a = lucky(1), b = lucky(1);
    const Gain g = in_turn(a, b, {1, 4}, {.half_width = 1, .hopeless = 0.9}, draw);
    EXPECT_GE(g.samples.size(), 3u);
    said += g.whole.low > 1;
  }
  EXPECT_LE(said, runs * 6 / 100);  // one build alone says it of every second one
}

TEST(InTurn, ABuildThatIsCertainlyWorseIsEnough) {
  uint64_t draw = 0;
  Side a = lucky(1), b = lucky(1.1);
  EXPECT_EQ(in_turn(a, b, {1, 4}, {.half_width = 1, .hopeless = 0.9}, draw).samples.size(), 1u);
  EXPECT_EQ(in_turn(a, b, {1, 4}, {.half_width = 1, .certain = true}, draw).samples.size(), 1u);
}

TEST(InTurn, WhatIsUncertainIsDecidedByManyBuildsWhateverTheBudget) {
  uint64_t draw = 0;
  Side a = lucky(1), b = lucky(1);
  EXPECT_GE(in_turn(a, b, {1, 4}, {.budget = 0, .certain = true}, draw).samples.size(),
            std::min<size_t>(3, Rounds().builds));
  Side c = lucky(1), d = lucky(1);
  EXPECT_EQ(
      in_turn(c, d, {1, 4}, {.budget = 0, .certain = true, .hurried = true}, draw).samples.size(),
      1u);
}

TEST(InTurn, BothAreBuiltAnewAndNeverLieInTheirOwnPlace) {
  int alive = 0, most = 0, built = 0;
  struct Counted : Said {
    int& alive;
    explicit Counted(int& a) : Said({1}), alive(a) {}
    ~Counted() override { --alive; }
  };
  const auto build = [&] {
    ++built, most = std::max(most, ++alive);
    return std::make_unique<Counted>(alive);
  };
  uint64_t draw = 0;
  {
    Side a{build}, b{build};
    in_turn(a, b, {1, 4}, {.builds = 3, .most = 3}, draw);
    EXPECT_EQ(built, 6);
    EXPECT_EQ(alive, 2);
    EXPECT_EQ(most, 3);  // the old one goes when the new one stands
  }
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace fk::resolver
