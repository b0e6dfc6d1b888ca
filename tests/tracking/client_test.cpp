// SPDX-License-Identifier: Apache-2.0
// The client alone: what a server limits.
#include "core/tracking/client.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/tracking/entry.hpp"

namespace fk::tracking {
namespace {

TEST(Numbers, AreCalledByTheirPath) {
  const Json j = {{"a", 1},
                  {"text", "no number"},
                  {"yes", true},
                  {"none", nullptr},
                  {"pair", {1.5, 2}},
                  {"samples", {1, 2, 3, 4}},
                  {"w", {{{"name", "x:1"}, {"t", 2}}, {{"name", "x:1"}, {"t", 3}}, {{"t", 4}}}}};
  Json found = Json::object();
  for (const Metric& m : numbers_of(j)) found[m.key] = m.value;
  EXPECT_EQ(
      found,
      Json({{"a", 1}, {"pair/0", 1.5}, {"pair/1", 2}, {"w/x:1/t", 2}, {"w/1/t", 3}, {"w/2/t", 4}}));
}

TEST(Entries, HaveEveryFieldOfTheRecord) {
  store::Verdict v;
  v.task = "t", v.implementation = "mine/x", v.hash = "h", v.code = "wrong", v.text = "by far";
  v.device = "d", v.case_id = "c", v.level = 2, v.expected = 1, v.found = NAN, v.coverage = 0.5;
  v.record = {{"long", 1}};
  const Entry e = entry_of(v);
  EXPECT_FALSE(e.ok);
  EXPECT_FALSE(e.whole);
  EXPECT_EQ(e.name, "mine/x t");
  const Pairs params = {{"task", "t"}, {"level", "2"}, {"implementation", "mine/x"},
                        {"hash", "h"}, {"case", "c"},  {"bad_index", "0"}};
  EXPECT_EQ(e.params, params);
  const Pairs tags = {
      {"fk.kind", "verdicts"}, {"fk.device", "d"}, {"fk.code", "wrong"}, {"fk.text", "by far"}};
  EXPECT_EQ(e.tags, tags);
  ASSERT_EQ(e.files.size(), 1u);
  EXPECT_EQ(Json::parse(e.files[0].second)["record"], v.record);
}

TEST(SettingsOf, ShowNoPassword) {
  Settings s;
  s.uri = "https://me:p@ss@host:1/x@y";
  EXPECT_EQ(s.shown(), "https://host:1/x@y");
  s.uri = "https://host/a@b";
  EXPECT_EQ(s.shown(), "https://host/a@b");
}

}  // namespace
}  // namespace fk::tracking
