// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "core/judge/timing/stats.hpp"

namespace fk::core {

// A ratio as a bar that starts in the middle, at 1, on a scale of logarithms that ends at 1/4 and
// 4: "          |####      ". Plain characters, always of one width.
std::string ratio_bar(double ratio);

// How numbers went on, from the least to the largest of them: "▁▃█"; "·" for one that is missing
// (0).
std::string sparkline(const std::vector<double>&);

struct RatioRow {
  std::string name;
  judge::Interval ratio;
};
// The bars with their intervals as a picture of its own, readable in the light and in the dark.
// Names are text, whatever they hold.
std::string ratios_svg(const std::string& title, const std::vector<RatioRow>&);

}  // namespace fk::core
