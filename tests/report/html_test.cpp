// SPDX-License-Identifier: Apache-2.0
#include "core/report/html.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/report/numbers.hpp"
#include "core/report/scale.hpp"

namespace fk::report {
namespace {

TEST(Html, TextStaysText) {
  EXPECT_EQ(escaped("<script>alert('x' & \"y\")</script>"),
            "&lt;script&gt;alert(&#39;x&#39; &amp; &quot;y&quot;)&lt;/script&gt;");
  EXPECT_EQ(escaped("µs × 3\n\tüñ 𝛑"), "µs × 3\n\tüñ 𝛑");
}

TEST(Html, WhatHidesOrIsBrokenIsShown) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(escaped(std::string("a\0b\x1b[31m\x7f", 9)), "a" + mark + "b" + mark + "[31m" + mark);
  EXPECT_EQ(escaped("a\u202Eb\u2066c\uFEFF"), "a" + mark + "b" + mark + "c" + mark);
  EXPECT_EQ(escaped("\xC0\xBC<"), mark + mark + "&lt;");              // overlong '<'
  EXPECT_EQ(escaped("\xED\xA0\x80"), mark + mark + mark);             // a surrogate
  EXPECT_EQ(escaped("\xF5\x80\x80\x80"), mark + mark + mark + mark);  // past the last
  EXPECT_EQ(escaped("ok\xE2\x82"), "ok" + mark + mark);               // cut short
}

TEST(Html, AttributesAreEscapedAndElementsEnd) {
  Html h;
  {
    const auto p = h.open("p", {{"title", "\" onclick=\"alert(1)"}});
    h.text("1 < 2");
    h.leaf("b", "<i>", {});
    h.empty("line", {{"x1", "3"}});
  }
  EXPECT_EQ(h.take(),
            "<p title=\"&quot; onclick=&quot;alert(1)\">1 &lt; 2<b>&lt;i&gt;</b>\n"
            "<line x1=\"3\"/>\n</p>\n");
}

TEST(Scale, IsLogarithmicAndEndsAtPowers) {
  const LogScale s({0.3, 5}, 0.5, 2, 2, 1024);
  EXPECT_EQ(s.low(), 0.25);
  EXPECT_EQ(s.high(), 8);
  EXPECT_DOUBLE_EQ(s.at(1), 0.4);
  EXPECT_DOUBLE_EQ(s.at(0.25), 0);
  EXPECT_DOUBLE_EQ(s.at(8), 1);
  EXPECT_EQ(s.ticks(10), (std::vector<double>{0.25, 0.5, 1, 2, 4, 8}));
  EXPECT_EQ(s.ticks(3), (std::vector<double>{0.25, 1, 4}));
  // An end that is a power stays one.
  EXPECT_EQ(LogScale({1000}, 1, 10, 10, 1e9).high(), 1000);
}

TEST(Scale, BearsWhatIsNoNumber) {
  const LogScale s({NAN, INFINITY, -INFINITY, 0, -1, 1e300}, 0.5, 2, 2, 512);
  EXPECT_EQ(s.low(), 0.5);
  EXPECT_EQ(s.high(), 1024);
  EXPECT_EQ(s.at(NAN), 0);
  EXPECT_EQ(s.at(-1), 0);
  EXPECT_EQ(s.at(INFINITY), 1);
  EXPECT_GE(LogScale({}, 1, 1, 10, 10).ticks(5).size(), 1u);
}

TEST(Numbers, ReadAsPeopleWriteThem) {
  EXPECT_EQ(times_text(1.25), "1.250×");
  EXPECT_EQ(times_text(12.34), "12.3×");
  EXPECT_EQ(times_text(NAN), "nan");
  EXPECT_EQ(interval_text(0.5, INFINITY), "[0.500, inf]");
  EXPECT_EQ(seconds_text(2e-6), "2.00 µs");
  EXPECT_EQ(seconds_text(0.9999), "1.00 s");
  EXPECT_EQ(seconds_text(0), "0 s");
  EXPECT_EQ(scaled_text(4.2e12, "B/s"), "4.20 TB/s");
  EXPECT_EQ(scaled_text(-INFINITY, "B/s"), "-inf");
  EXPECT_EQ(percent_text(0.874), "87 %");
  EXPECT_EQ(minute_text("2026-11-21T22:03:51.123Z"), "2026-11-21 22:03");
  EXPECT_EQ(minute_text("?"), "?");
  EXPECT_EQ(coordinate(NAN), "0");
}

}  // namespace
}  // namespace fk::report
