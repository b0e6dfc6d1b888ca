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
  const auto loss = [&](const List&, size_t i) {
    return gains[i] < 1 ? std::optional(gains[i]) : std::nullopt;
  };
  EXPECT_EQ(losers(4, 4, loss), (List{3, 1}));
  EXPECT_EQ(losers(4, 2, loss), (List{1}));
  EXPECT_EQ(losers(0, 4, loss), List{});
}

// 0 pays, but not beside 2, which does not pay.
TEST(Losers, WhatLosesForAnothersSakeStays) {
  int asked = 0;
  const auto loss = [&](const List& others, size_t i) -> std::optional<double> {
    ++asked;
    EXPECT_FALSE(has(others, i));
    if (i == 2) return 0.97;
    if (i == 0 && has(others, 2)) return 0.99;
    return std::nullopt;
  };
  EXPECT_EQ(losers(3, 8, loss), (List{2}));
  EXPECT_EQ(asked, 4);
}

// Two that do not go together: the other stays.
TEST(Losers, OfTwoThatDoNotGoTogetherOneGoes) {
  const auto loss = [&](const List& others, size_t i) -> std::optional<double> {
    return has(others, 1 - i) ? std::optional(0.9 + 0.01 * double(i)) : std::nullopt;
  };
  EXPECT_EQ(losers(2, 8, loss), (List{0}));
}

}  // namespace
}  // namespace fk::resolver
