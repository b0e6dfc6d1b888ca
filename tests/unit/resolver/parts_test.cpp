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

}  // namespace
}  // namespace fk::resolver
