// SPDX-License-Identifier: Apache-2.0
#include "core/resolver/parts.hpp"

#include <gtest/gtest.h>

namespace fk::resolver {
namespace {

using core::search::kNotMeasured;

std::optional<Measurer::Timing> timing(const std::string& code, double speedup) {
  Measurer::Timing t;
  t.code = code;
  t.speedup = {speedup * 0.99, speedup, speedup * 1.01};
  return t;
}

TEST(SecondsBeside, OnlyACertainDifferenceCounts) {
  EXPECT_DOUBLE_EQ(seconds_beside(6, timing("FAST", 2)), 3);
  EXPECT_DOUBLE_EQ(seconds_beside(6, timing("SLOW", 0.5)), 12);
}

TEST(SecondsBeside, ATieGoesToTheBaseline) {
  for (const char* code : {"SAME", "AMBG"})
    for (double speedup : {0.99, 1.0, 1.03}) {
      const double s = seconds_beside(6, timing(code, speedup));
      EXPECT_GT(s, 6) << code;
      EXPECT_NEAR(s, 6, 1e-4) << code;
    }
}

// Where nothing competes no time of the baseline's was kept: what was measured to be slower must
// not cost as little.
TEST(SecondsBeside, NothingIsKnownBesideABaselineWithoutATime) {
  EXPECT_EQ(seconds_beside(0, timing("SLOW", 0.8)), kNotMeasured);
  EXPECT_EQ(seconds_beside(6, std::nullopt), kNotMeasured);
  EXPECT_EQ(seconds_beside(6, timing("REFUSED", 0)), kNotMeasured);
}

// 90 calls of 1 us and 10 of 11 us: the few are more than half of the time.
TEST(Combined, CallsWeighByTheirTimeInTheModel) {
  std::vector<Call> calls(2);
  calls[0].calls = 90, calls[0].seconds = 1e-6;
  calls[1].calls = 10, calls[1].seconds = 11e-6;
  std::vector<Measurer::Timing> t = {*timing("SLOW", 0.5), *timing("FAST", 4)};
  t[0].seconds = 4e-6, t[0].baseline_seconds = 2e-6;
  t[1].seconds = 5e-6, t[1].baseline_seconds = 20e-6;
  Measurer::Timing both = combined(calls, t);
  EXPECT_DOUBLE_EQ(both.speedup.middle, 200 / (90 / 0.5 + 110 / 4.0));
  EXPECT_EQ(both.code, "SLOW");
  EXPECT_EQ(both.cases, 2u);
  EXPECT_DOUBLE_EQ(both.baseline_seconds, 0.9 * 2e-6 + 0.1 * 20e-6);
  EXPECT_DOUBLE_EQ(both.seconds, 0.9 * 4e-6 + 0.1 * 5e-6);
  calls[1].seconds = 900e-6;
  EXPECT_EQ(combined(calls, t).code, "FAST");
}

TEST(Combined, OneThatCouldNotBeTimedStandsForAll) {
  const std::vector<Call> calls(2);
  EXPECT_EQ(combined(calls, {*timing("FAST", 4), *timing("REFUSED", 0)}).code, "REFUSED");
  EXPECT_EQ(combined(calls, {*timing("unsupported", 0), *timing("FAST", 4)}).code, "unsupported");
  EXPECT_EQ(combined({Call{}}, {*timing("AMBG", 1.1)}).code, "AMBG");
}

// Prompts of 100 tokens and of 4000: what could be judged stands for the rest as long as that took
// less of the time.
TEST(Combined, WhatIsTooLargeIsStoodForOrStandsForAll) {
  std::vector<Call> calls(2);
  calls[0].calls = 100, calls[0].seconds = 2e-3;
  calls[1].calls = 1, calls[1].seconds = 100e-3;
  std::vector<Measurer::Timing> t = {*timing("FAST", 2), *timing("unsupported", 0)};
  t[0].seconds = 1e-3, t[0].baseline_seconds = 2e-3;
  t[1].speedup = {}, t[1].too_large = true;
  const Measurer::Timing some = combined(calls, t);
  EXPECT_EQ(some.code, "FAST");
  EXPECT_FALSE(some.too_large);
  EXPECT_DOUBLE_EQ(some.speedup.middle, 2);
  EXPECT_EQ(some.cases, 1u);
  EXPECT_DOUBLE_EQ(some.baseline_seconds, (100 * 2e-3 + 100e-3) / 101);
  EXPECT_DOUBLE_EQ(some.seconds, some.baseline_seconds / 2);
  calls[1].calls = 3;
  EXPECT_TRUE(combined(calls, t).too_large);
  // What is wrong is so whatever else could not be judged.
  t[0] = *timing("REFUSED", 0);
  EXPECT_EQ(combined(calls, {t[1], t[0]}).code, "REFUSED");
  t[0] = t[1];
  EXPECT_TRUE(combined(calls, t).too_large);
}

TEST(IsOpen, ABusyMachineAndNotACloseRace) {
  store::Measurement m;
  m.code = "AMBG";
  m.ratio_low = 0.8, m.ratio = 1.1, m.ratio_high = 1.7;
  EXPECT_TRUE(is_open(m));
  m.ratio_low = 0.99, m.ratio = 1.01, m.ratio_high = 1.04;
  EXPECT_FALSE(is_open(m));
  m.code = "FAST", m.ratio_high = 1.7;
  EXPECT_FALSE(is_open(m));
  m.code = "REFUSED", m.text = "y: wrong";
  EXPECT_FALSE(is_open(m));
  m.text = "clock: one more call costs 9e-05 s";
  EXPECT_TRUE(is_open(m));
}

}  // namespace
}  // namespace fk::resolver
