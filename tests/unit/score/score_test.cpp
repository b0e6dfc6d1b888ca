// SPDX-License-Identifier: Apache-2.0
#include "core/score/score.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/errors.hpp"

namespace fk::score {
namespace {

using test::error_of;

CaseResult exactly(const std::string& id, double ratio, double weight = 1) {
  return {id, weight, true, true, ratio, ratio, ratio, 1, 0};
}

TEST(Score, TheFormulaByHand) {
  // a: weights 3 and 1, 2x and 1/2x: x = exp((3 ln 2 - ln 2) / 4) = sqrt 2. b fails. c supports a
  // quarter, 3x: f = 1.5. d is missing.
  Operator b{"b", 2, {exactly("1", 9), exactly("2", 9)}};
  b.cases[1].passed = false;
  Operator c{"c", 4, {exactly("1", 3, 1), exactly("2", 0, 3)}};
  c.cases[1].supported = false;
  const Score s = score({{"a", 3, {exactly("1", 2, 3), exactly("2", 0.5, 1)}}, b, c, {"d", 1, {}}});
  const double f = 2 * std::sqrt(2.0) / (1 + std::sqrt(2.0));
  EXPECT_NEAR(s.score, 100 * (0.3 * f + 0.4 * 0.25 * 1.5), 1e-12);
  EXPECT_NEAR(s.coverage, 0.3 + 0.2 + 0.1, 1e-15);
  EXPECT_NEAR(s.pass, 0.4 / 0.6, 1e-15);
  EXPECT_NEAR(s.speed, (0.3 * f + 0.1 * 1.5) / 0.4, 1e-15);
  EXPECT_NEAR(s.fast(1), 0.4, 1e-15);
  EXPECT_NEAR(s.fast(1.5), 0.1, 1e-15);
  EXPECT_EQ(s.fast(3.01), 0);
  ASSERT_EQ(s.operators.size(), 4u);
  EXPECT_EQ(s.operators[1].outcome, Outcome::kFailed);
  EXPECT_EQ(s.operators[1].why, "2");
  EXPECT_EQ(s.operators[3].outcome, Outcome::kMissing);
}

TEST(Score, TheLowerEndOfTheIntervalCounts) {
  CaseResult c = exactly("1", 1.1);
  c.ratio_low = 0.9, c.ratio_high = 1.3;
  const Score s = score({{"a", 1, {c}}});
  EXPECT_DOUBLE_EQ(s.score, 100 * points_of(0.9));
  EXPECT_DOUBLE_EQ(s.low, s.score);
  EXPECT_DOUBLE_EQ(s.middle, 100 * points_of(1.1));
  EXPECT_DOUBLE_EQ(s.high, 100 * points_of(1.3));
  c.ratio_low = -1;  // a symmetric interval may reach below nothing
  EXPECT_EQ(score({{"a", 1, {c}}}).score, 0);
}

TEST(Score, FasterThanTheFloorIsRejectedNotClipped) {
  CaseResult c = exactly("1", 4.1);
  c.baseline_seconds = 8e-6, c.floor_seconds = 2e-6;
  Score s = score({{"a", 1, {c}}});
  EXPECT_EQ(s.score, 0);
  EXPECT_EQ(s.operators[0].outcome, Outcome::kRejected);
  EXPECT_EQ(s.pass, 0);
  c.ratio = c.ratio_low = 4, c.ratio_high = 5;  // at it; the interval's end is clipped
  s = score({{"a", 1, {c}}});
  EXPECT_EQ(s.operators[0].outcome, Outcome::kPassed);
  EXPECT_DOUBLE_EQ(s.high, 100 * points_of(4));
  EXPECT_DOUBLE_EQ(s.sol, 200);  // as fast as can be
}

TEST(Score, SolIsTwiceTheScoreWithoutAFloor) {
  for (double x = 1e-6; x < 1e6; x *= 1.07)
    EXPECT_NEAR(2 * sol_of(x, 0), points_of(x), 4.5e-16) << x;
  EXPECT_EQ(sol_of(1, 0.3), 0.5);
  EXPECT_EQ(sol_of(0, 0.3), 0);
  EXPECT_EQ(sol_of(1, 1), 0.5);
}

TEST(Score, ASheetThatMeansNothingIsRefused) {
  EXPECT_EQ(error_of([] { score({}); }),
            "score: the sheet weighs nothing; give at least one task a weight");
  EXPECT_NE(error_of([] { score({{"a", -1, {}}}); }).find("a: weight is -1"), std::string::npos);
  EXPECT_NE(error_of([] {
              score({{"a", 1, {exactly("1", 2, 0)}}});
            }).find("weigh nothing"),
            std::string::npos);
  CaseResult c = exactly("odd", 2);
  c.ratio_low = 3;
  EXPECT_EQ(error_of([&] {
              score({{"a", 1, {c}}});
            }),
            "score: a odd: the ratio 2 is not in its interval [3, 2]");
  c = exactly("1", std::nan(""));
  EXPECT_NE(error_of([&] {
              score({{"a", 1, {c}}});
            }).find("not in its interval"),
            std::string::npos);
  c = exactly("1", 1);
  c.baseline_seconds = 0;
  EXPECT_NE(error_of([&] { score({{"a", 1, {c}}}); }).find("expected a time"), std::string::npos);
}

}  // namespace
}  // namespace fk::score
