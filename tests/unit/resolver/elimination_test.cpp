// SPDX-License-Identifier: Apache-2.0
#include "core/resolver/elimination.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace fk::resolver {
namespace {

using List = std::vector<size_t>;

bool has(const List& list, size_t i) {
  return std::find(list.begin(), list.end(), i) != list.end();
}

TEST(Losers, TheWorstFirst) {
  const double gains[] = {1.1, 0.99, 1, 0.9};
  const auto worth = [&](const List&, size_t i) { return Worth{gains[i], gains[i] < 1}; };
  EXPECT_EQ(losers(4, 4, worth), (List{3, 1}));
  EXPECT_EQ(losers(4, 2, worth), (List{1}));
  EXPECT_EQ(losers(0, 4, worth), List{});
}

// 0 pays, but not beside 2, which does not pay.
TEST(Losers, WhatLosesForAnothersSakeStays) {
  int asked = 0;
  const auto worth = [&](const List& others, size_t i) -> Worth {
    ++asked;
    EXPECT_FALSE(has(others, i));
    if (i == 2) return {0.97, true};
    if (i == 0 && has(others, 2)) return {0.99, true};
    return {1.01, false};
  };
  EXPECT_EQ(losers(3, 8, worth), (List{2}));
  EXPECT_EQ(asked, 4);
}

// 0 costs a little, which drowns beside what 1 costs.
TEST(Losers, ASmallLossIsSeenWhenALargeOneIsOut) {
  const auto worth = [&](const List& others, size_t i) -> Worth {
    if (i == 1) return {0.6, true};
    if (i == 0) return {0.96, !has(others, 1)};
    return {1.2, false};
  };
  EXPECT_EQ(losers(3, 8, worth), (List{1, 0}));
}

// Nothing is out, so nothing is clearer the second time.
TEST(Losers, WhatOnlySeemsToLoseStays) {
  int asked = 0;
  const auto worth = [&](const List&, size_t) -> Worth {
    ++asked;
    return {0.99, false};
  };
  EXPECT_EQ(losers(3, 8, worth), List{});
  EXPECT_EQ(asked, 3);
}

// Two that do not go together: the other stays.
TEST(Losers, OfTwoThatDoNotGoTogetherOneGoes) {
  const auto worth = [&](const List& others, size_t i) -> Worth {
    return has(others, 1 - i) ? Worth{0.9 + 0.01 * double(i), true} : Worth{1.1, false};
  };
  EXPECT_EQ(losers(2, 8, worth), (List{0}));
}

}  // namespace
}  // namespace fk::resolver
