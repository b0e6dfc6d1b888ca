// SPDX-License-Identifier: Apache-2.0
// What must hold for every sheet, on 20,000 random ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "core/score/score.hpp"

namespace fk::score {
namespace {

using Random = std::mt19937_64;
using Sheet = std::vector<Operator>;

double real(Random& r, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(r);
}

CaseResult random_case(Random& r, const std::string& id) {
  CaseResult c;
  c.id = id;
  c.weight = real(r, 0.01, 5);
  c.supported = r() % 6 != 0;
  c.passed = r() % 12 != 0;
  c.ratio = std::exp(real(r, -3, 3));
  c.ratio_low = c.ratio * real(r, 0.7, 1);
  c.ratio_high = c.ratio * real(r, 1, 1.4);
  c.baseline_seconds = std::exp(real(r, -14, -2));
  if (r() % 2) c.floor_seconds = c.baseline_seconds / c.ratio * real(r, 0.02, 1.02);
  return c;
}

Operator random_operator(Random& r, const std::string& task) {
  Operator o{task, real(r, 0.01, 5), {}};
  for (size_t i = 0, n = r() % 6; i < n; ++i) o.cases.push_back(random_case(r, std::to_string(i)));
  return o;
}

Sheet random_sheet(Random& r) {
  Sheet s;
  for (size_t i = 0, n = 1 + r() % 8; i < n; ++i)
    s.push_back(random_operator(r, "t" + std::to_string(i)));
  return s;
}

// The same with every case supported, passed and possible, without doubt.
Sheet certain(Sheet s) {
  for (Operator& o : s) {
    if (o.cases.empty()) o.cases.push_back({"0", 1, true, true, 1, 1, 1, 1, 0});
    for (CaseResult& c : o.cases) {
      c.supported = c.passed = true;
      c.ratio_low = c.ratio_high = c.ratio;
      c.floor_seconds = 0;
    }
  }
  return s;
}

Operator working(Random& r, Operator o) {
  if (o.cases.empty()) o.cases.push_back(random_case(r, "0"));
  for (CaseResult& c : o.cases) {
    c.passed = true;
    if (c.ratio * c.floor_seconds > c.baseline_seconds) c.floor_seconds = 0;
  }
  o.cases[0].supported = true;
  return o;
}

constexpr int kSheets = 20'000;
template <class F>
void for_sheets(F&& f) {
  Random r(5);
  for (int i = 0; i < kSheets && !testing::Test::HasFailure(); ++i) {
    const Sheet s = random_sheet(r);
    f(r, s, size_t(r() % s.size()));
  }
}

TEST(ScoreInvariants, TheThreeComponentsMakeTheScore) {
  for_sheets([](Random&, const Sheet& s, size_t) {
    const Score x = score(s);
    EXPECT_NEAR(x.score, 100 * x.coverage * x.pass * x.speed, 1e-11);
    for (double part : {x.coverage, x.pass, x.speed / 2, x.score / 200, x.sol / 200}) {
      EXPECT_GE(part, 0);
      EXPECT_LE(part, 1 + 1e-12);
    }
    EXPECT_LE(x.low, x.middle);
    EXPECT_LE(x.middle, x.high);
    EXPECT_LE(x.fast(2), x.fast(1));
  });
}

TEST(ScoreInvariants, I_ACorrectKernelNeverLowersIt) {
  for_sheets([](Random& r, Sheet s, size_t at) {
    const Operator kernel = working(r, s[at]);
    s[at].cases.clear();
    const double without = score(s).score;
    s[at] = kernel;
    EXPECT_GE(score(s).score, without);
  });
}

TEST(ScoreInvariants, II_FailingMissingAndSkippedAreTheSame) {
  for_sheets([](Random& r, Sheet s, size_t at) {
    const Operator kernel = working(r, s[at]);
    s[at] = kernel;
    s[at].cases[0].passed = false;
    const double failing = score(s).score;
    s[at].cases.clear();
    const double missing = score(s).score;
    s[at] = kernel;
    for (CaseResult& c : s[at].cases) c.supported = false;
    const double skipped = score(s).score;
    s[at] = kernel;
    s[at].cases[0].floor_seconds = s[at].cases[0].baseline_seconds / s[at].cases[0].ratio * 1.01;
    const double impossible = score(s).score;
    EXPECT_EQ(failing, missing);
    EXPECT_EQ(failing, skipped);
    EXPECT_EQ(failing, impossible);
  });
}

TEST(ScoreInvariants, III_ListingAShapeOrATaskTwiceChangesNothing) {
  for_sheets([](Random& r, Sheet s, size_t at) {
    const double once = score(s).score;
    if (!s[at].cases.empty()) s[at].cases.push_back(s[at].cases[r() % s[at].cases.size()]);
    EXPECT_NEAR(score(s).score, once, 1e-11);
    s.push_back(s[r() % s.size()]);
    EXPECT_NEAR(score(s).score, once, 1e-11);
  });
}

TEST(ScoreInvariants, IV_SwappingTheSidesReflectsItAroundParity) {
  for_sheets([](Random&, const Sheet& random, size_t) {
    Sheet s = certain(random);
    const double forth = score(s).score;
    for (Operator& o : s)
      for (CaseResult& c : o.cases) {
        c.baseline_seconds /= c.ratio;
        c.ratio_low = c.ratio_high = c.ratio = 1 / c.ratio;
      }
    EXPECT_NEAR(forth + score(s).score, 200, 1e-11);
  });
}

TEST(ScoreInvariants, V_OrderAndUnitsChangeNothing) {
  for_sheets([](Random& r, Sheet s, size_t) {
    const Score before = score(s);
    std::shuffle(s.begin(), s.end(), r);
    for (Operator& o : s) std::shuffle(o.cases.begin(), o.cases.end(), r);
    const Score shuffled = score(s);
    EXPECT_EQ(shuffled.score, before.score);  // to the bit
    EXPECT_EQ(shuffled.sol, before.sol);
    for (Operator& o : s) {
      o.weight *= 1024;
      for (CaseResult& c : o.cases) {
        c.weight *= 8;
        c.baseline_seconds *= 1048576, c.floor_seconds *= 1048576;  // powers of two: no rounding
      }
    }
    EXPECT_EQ(score(s).score, before.score);
  });
}

TEST(ScoreInvariants, VI_OneOperatorMovesItByItsWeightAtMost) {
  for_sheets([](Random& r, Sheet s, size_t at) {
    const Score before = score(s);
    const double limit = 200 * before.operators[at].weight;
    ASSERT_EQ(before.operators[at].task, s[at].task);
    const double weight = s[at].weight;
    s[at] = working(r, random_operator(r, s[at].task));
    s[at].weight = weight;
    for (CaseResult& c : s[at].cases) {  // forged
      c.floor_seconds = 0;
      c.ratio_low = c.ratio = c.ratio_high = 1e300;
    }
    EXPECT_LE(std::abs(score(s).score - before.score), limit * (1 + 1e-12));
    s[at].cases[0].passed = false;
    EXPECT_LE(std::abs(score(s).score - before.score), limit * (1 + 1e-12));
  });
}

// Two equal kernels, 30 paired rounds of noise: the lower end of the interval gives no gain by
// luck.
TEST(ScoreInvariants, VII_NoiseIsWorthNoMoreThanParity) {
  Random r(9);
  double sum = 0, sum_of_squares = 0, lucky = 0;
  for (int i = 0; i < kSheets; ++i) {
    const double spread = std::exp(real(r, -7, -1));
    std::normal_distribution<double> noise(0, spread);
    double mean = 0, squares = 0;
    constexpr int kRounds = 30;
    for (int k = 0; k < kRounds; ++k) {
      const double x = noise(r);
      mean += x / kRounds, squares += x * x / kRounds;
    }
    const double half = 2.045 * std::sqrt((squares - mean * mean) / (kRounds - 1));
    CaseResult c{"1", 1, true, true, std::exp(mean - half), std::exp(mean), std::exp(mean + half),
                 1,   0};
    const double f = score({{"a", 1, {c}}}).score / 100;
    sum += f, sum_of_squares += f * f, lucky += f > 1;
  }
  const double mean = sum / kSheets;
  const double error = std::sqrt((sum_of_squares / kSheets - mean * mean) / kSheets);
  EXPECT_LE(mean + 5 * error, 1);
  EXPECT_NEAR(lucky / kSheets, 0.025, 0.005);
}

}  // namespace
}  // namespace fk::score
