// SPDX-License-Identifier: Apache-2.0
#include "core/record/compare.hpp"

#include <gtest/gtest.h>

#include "core/record/history.hpp"
#include "tests/support/temp_folder.hpp"

namespace fk::record {
namespace {

using store::Measurement;

const Version kFirst{"mine/x", "aaaa"}, kSecond{"mine/x", "bbbb"};

Measurement measured(const Version& of, double ratio, const std::string& baseline = "cpu/cpu",
                     const std::string& case_id = "c") {
  Measurement m;
  m.task = "t", m.implementation = of.implementation, m.hash = of.hash, m.case_id = case_id;
  m.device = "d", m.dtype = "float32", m.init = "{}", m.signature = "s", m.code = "FAST";
  m.baseline = baseline, m.baseline_hash = "cccc";
  m.l2_state = "cold", m.ratio = ratio, m.ratio_low = ratio * 0.98, m.ratio_high = ratio * 1.03;
  return m;
}

struct Comparing : testing::Test {
  test::TempFolder f;
  store::Store store{f / "r.db"};
  std::vector<Compared> rows() { return compare(store, "t", kFirst, kSecond); }
};

TEST(Quotient, IsAsWideAsBothTogether) {
  const judge::Interval q = quotient({2.9, 3, 3.2}, {1.9, 2, 2.1});
  EXPECT_NEAR(q.middle, 1.5, 1e-12);
  EXPECT_LT(q.low, 1.5 * 2.9 / 3);
  EXPECT_GT(q.high, 1.5 * 3.2 / 3);
  // Turned over it is the same.
  const judge::Interval r = quotient({1.9, 2, 2.1}, {2.9, 3, 3.2});
  EXPECT_NEAR(r.low * q.high, 1, 1e-12);
  EXPECT_NEAR(r.high * q.low, 1, 1e-12);
}

TEST_F(Comparing, OfBothAgainstOneBaseline) {
  store.add(measured(kFirst, 9));
  const std::string a = store.add(measured(kFirst, 2)), b = store.add(measured(kSecond, 3));
  const auto all = rows();
  ASSERT_EQ(all.size(), 1u);
  ASSERT_TRUE(all[0].speedup);
  EXPECT_NEAR(all[0].speedup->middle, 1.5, 1e-12);  // the newest of the first
  EXPECT_EQ(all[0].how, "against cpu/cpu");
  EXPECT_EQ(all[0].code, "FAST");
  EXPECT_EQ(all[0].ids, (std::vector<std::string>{a, b}));
}

TEST_F(Comparing, OneAgainstTheOtherIsTakenFirst) {
  store.add(measured(kFirst, 2));
  store.add(measured(kSecond, 3));
  Measurement direct = measured(kFirst, 4, kSecond.implementation);
  direct.baseline_hash = kSecond.hash;
  store.add(direct);
  const auto all = rows();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].how, "direct");
  EXPECT_NEAR(all[0].speedup->middle, 0.25, 1e-12);  // the first was four times as fast
  EXPECT_LT(all[0].speedup->low, all[0].speedup->high);
  // By what was measured, of which the interval is not all.
  EXPECT_EQ(all[0].code, "SLOW");
  direct.code = "AMBG";
  store.add(direct);
  EXPECT_EQ(rows().at(0).code, "AMBG");
}

TEST_F(Comparing, WhatIsNotComparableIsSaid) {
  store.add(measured(kFirst, 2));
  EXPECT_EQ(rows().at(0).missing, "only the first was measured");
  store.add(measured(kSecond, 3, "other/y"));
  EXPECT_EQ(rows().at(0).missing,
            "measured against different things: cpu/cpu@cccc (cold) and other/y@cccc (cold)");
  Measurement elsewhere = measured(kSecond, 3);
  elsewhere.device = "another machine";
  store.add(elsewhere);
  Measurement children = measured(kSecond, 3);
  children.context = "other children";
  store.add(children);
  Measurement refused = measured(kSecond, 3);
  refused.code = "REFUSED";
  store.add(refused);
  for (const Compared& c : rows()) EXPECT_FALSE(c.speedup) << c.device;
  store.add(measured(kSecond, 3));
  size_t found = 0;
  for (const Compared& c : rows()) found += c.speedup.has_value();
  EXPECT_EQ(found, 1u);
}

TEST_F(Comparing, ColdAndInAChainAreNotHeldTogether) {
  Measurement cold = measured(kFirst, 2), chained = measured(kSecond, 3);
  cold.l2_state = "cold: flushed", chained.l2_state = "in a chain: fed";
  store.add(cold);
  store.add(chained);
  EXPECT_EQ(rows().at(0).missing,
            "measured against different things: cpu/cpu@cccc (cold) and cpu/cpu@cccc (in a chain)");
  cold = measured(kSecond, 5);
  cold.l2_state = "cold: flushed";
  store.add(cold);
  EXPECT_NEAR(rows().at(0).speedup->middle, 2.5, 1e-12);
}

TEST_F(Comparing, HistoryOrdersVersionsAndKeepsTheLastOfEachCase) {
  Measurement late = measured(kSecond, 3), early = measured(kFirst, 1);
  late.time = "2026-11-02", early.time = "2026-11-01";
  store.add(late);
  store.add(early);
  early.ratio = 4, early.time = "2026-11-03";
  store.add(early);
  store::Verdict v;
  v.task = "t", v.implementation = "mine/x", v.hash = "bbbb", v.code = "wrong", v.version = "1.2.3";
  v.time = "2026-11-04";
  store.add(v);
  const auto all = history(store, "t", "mine");
  const auto& versions = all.at("mine/x");
  ASSERT_EQ(versions.size(), 2u);
  EXPECT_EQ(versions[0].hash, "aaaa");
  EXPECT_EQ(versions[0].first_seen, "2026-11-01");
  EXPECT_NEAR(versions[0].speed(), 4, 1e-12);
  EXPECT_EQ(versions[1].verdict->code, "wrong");
  EXPECT_EQ(versions[1].version, "1.2.3");
  EXPECT_TRUE(history(store, "t", "nobody").empty());
}

}  // namespace
}  // namespace fk::record
