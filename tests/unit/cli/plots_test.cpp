// SPDX-License-Identifier: Apache-2.0
#include "core/cli/plots.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace fk::core {
namespace {

TEST(Plots, ABarGrowsFromTheMiddleAndKeepsItsWidth) {
  EXPECT_EQ(ratio_bar(1), "          |          ");
  EXPECT_EQ(ratio_bar(2), "          |#####     ");
  EXPECT_EQ(ratio_bar(0.5), "     #####|          ");
  EXPECT_EQ(ratio_bar(100), "          |##########");
  for (const double none : {0.0, -1.0, double(NAN)}) EXPECT_EQ(ratio_bar(none).size(), 21u);
}

TEST(Plots, ALineOfSteps) {
  EXPECT_EQ(sparkline({1, 2, 4}), "▁▅█");
  EXPECT_EQ(sparkline({4, 0, 1}), "█·▁");
  EXPECT_EQ(sparkline({3, 3}), "▅▅");
  EXPECT_EQ(sparkline({}), "");
  EXPECT_EQ(sparkline({0}), "·");
}

TEST(Plots, APictureHoldsItsNamesAsText) {
  const std::string svg = ratios_svg(
      "a < b", {{"<script>alert(1)</script>", {1.1, 1.2, 1.3}}, {"slow", {0.4, 0.5, 0.6}}});
  EXPECT_EQ(svg.find("<script"), svg.npos);
  EXPECT_NE(svg.find("&lt;script&gt;"), svg.npos);
  EXPECT_NE(svg.find("<title>a &lt; b</title>"), svg.npos);
  EXPECT_NE(svg.find("class=\"faster\""), svg.npos);
  EXPECT_NE(svg.find("class=\"slower\""), svg.npos);
  EXPECT_NE(svg.find("1.200x"), svg.npos);
}

}  // namespace
}  // namespace fk::core
