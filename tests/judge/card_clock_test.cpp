// SPDX-License-Identifier: Apache-2.0
// How a card's events are held against the Judge's clock: the arithmetic, which needs no card.
#include "core/judge/timing/card_clock.hpp"

#include <gtest/gtest.h>

namespace fk::judge {
namespace {

Json answer(std::vector<double> pairs, double span) {
  return {{"ok", true}, {"pairs", pairs}, {"span", span}, {"mhz", 1980.0}};
}

TEST(CardClock, AddsUpTheTimesOfAllCalls) {
  CardRound r;
  EXPECT_EQ(read_card_round(answer({10e-6, 20e-6}, 200e-6), 2, 300e-6, &r), "");
  EXPECT_NEAR(r.pairs, 30e-6, 1e-12);
  EXPECT_NEAR(r.span, 200e-6, 1e-12);
  EXPECT_NEAR(r.wall, 300e-6, 1e-12);
}

TEST(CardClock, RefusesTimesThatCannotBe) {
  CardRound r;
  EXPECT_NE(read_card_round(answer({10e-6}, 200e-6), 2, 300e-6, &r), "") << "a call is missing";
  EXPECT_NE(read_card_round(answer({-10e-6, 20e-6}, 200e-6), 2, 300e-6, &r), "");
  EXPECT_NE(read_card_round(answer({150e-6, 150e-6}, 200e-6), 2, 300e-6, &r), "")
      << "more than all";
  EXPECT_NE(read_card_round(answer({10e-6, 20e-6}, 400e-6), 2, 300e-6, &r), "")
      << "more than went by";
  EXPECT_NE(read_card_round({{"ok", true}}, 0, 1, &r), "");
  EXPECT_NE(read_card_round({{"pairs", {"fast"}}, {"span", 1}, {"mhz", 1}}, 1, 2, &r), "");
}

TEST(CardClock, TakesTheKernelBeforeOffEveryCall) {
  EXPECT_NEAR(without_lead(60e-6, 4, 6e-6), 36e-6, 1e-12);
  EXPECT_EQ(without_lead(60e-6, 4, 0), 60e-6) << "there is none";
  EXPECT_NEAR(without_lead(20e-6, 4, 6e-6), 200e-9, 1e-15) << "never less than a little";
  EXPECT_GT(without_lead(0, 1, 6e-6), 0);
}

// Rounds of n calls: 100 us once, and for every call 60 us of flush and launch beside the call.
std::vector<CardRound> rounds(size_t n, double call, double claimed) {
  CardRound r;
  r.pairs = double(n) * claimed;
  r.wall = 100e-6 + double(n) * (60e-6 + call);
  r.span = r.wall - 50e-6;
  return {r, r, r};
}

TEST(CardClock, TwiceTheCallsShowWhatOneCosts) {
  const Slope s = slope_of(rounds(8, 20e-6, 20e-6), rounds(16, 20e-6, 20e-6), 8);
  EXPECT_NEAR(s.wall, 80e-6, 1e-9);
  EXPECT_NEAR(s.pairs, 20e-6, 1e-9);
  EXPECT_NEAR(s.rest(), 60e-6, 1e-9);
}

TEST(CardClock, AForgedTimeContradictsOurs) {
  const Slope baseline = slope_of(rounds(8, 20e-6, 20e-6), rounds(16, 20e-6, 20e-6), 8);
  const Slope honest = slope_of(rounds(8, 30e-6, 30e-6), rounds(16, 30e-6, 30e-6), 8);
  const Slope forged = slope_of(rounds(8, 30e-6, 10e-6), rounds(16, 30e-6, 10e-6), 8);
  EXPECT_EQ(contradiction(baseline, baseline), "");
  EXPECT_EQ(contradiction(honest, baseline), "");
  EXPECT_NE(contradiction(forged, baseline), "");
}

TEST(CardClock, LeavesOutWhatRanAtALowerClock) {
  EXPECT_EQ(unthrottled({1980, 1980, 1900, 1700, 1980}), (std::vector<size_t>{0, 1, 2, 4}));
  EXPECT_TRUE(unthrottled({}).empty());
}

TEST(CardClock, WhatIsWrittenMayStayInTheCache) {
  const CardRates r{60e6, 5e12, 2e15};
  EXPECT_EQ(card_floor_seconds({50e6, 0}, r), 0);
  EXPECT_NEAR(card_floor_seconds({1060e6, 0}, r), 200e-6, 1e-9);
  EXPECT_NEAR(card_floor_seconds({0, 2e12}, r), 1e-3, 1e-9);
}

}  // namespace
}  // namespace fk::judge
