// SPDX-License-Identifier: Apache-2.0
#include "core/cli/plots.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace fk::core {
namespace {

constexpr int kHalf = 10;    // characters on each side
constexpr double kMost = 4;  // where the scale ends
constexpr double kMiddle = 480, kHalfWidth = 200, kRow = 34, kTop = 52;

// -1 to 1.
double place(double ratio) {
  if (!(ratio > 0)) return 0;
  return std::clamp(std::log(ratio) / std::log(kMost), -1.0, 1.0);
}

double x_of(double ratio) { return kMiddle + kHalfWidth * place(ratio); }

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  return out;
}

}  // namespace

std::string ratio_bar(double ratio) {
  const auto filled = size_t(std::lround(std::abs(place(ratio)) * kHalf));
  const std::string bar(filled, '#'), rest(size_t(kHalf) - filled, ' '), empty(kHalf, ' ');
  return ratio < 1 ? rest + bar + "|" + empty : empty + "|" + bar + rest;
}

std::string sparkline(const std::vector<double>& values) {
  static const char* const kSteps[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  double least = INFINITY, most = 0;
  for (const double v : values)
    if (v > 0) least = std::min(least, v), most = std::max(most, v);
  std::string out;
  for (const double v : values) {
    const double part = most > least ? std::log(v / least) / std::log(most / least) : 0.5;
    out += v > 0 ? kSteps[size_t(std::lround(std::clamp(part, 0.0, 1.0) * 7))] : "·";
  }
  return out;
}

std::string ratios_svg(const std::string& title, const std::vector<RatioRow>& rows) {
  const double height = kTop + kRow * double(rows.size()) + 30;
  std::string out = fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 {0:.0f}" role="img" font-family="sans-serif" font-size="13">
<title>{1}</title>
<style>
svg {{ color: #1b1b1b; background: #ffffff; }}
@media (prefers-color-scheme: dark) {{ svg {{ color: #eeeeee; background: #161616; }} }}
text {{ fill: currentColor; }} line {{ stroke: currentColor; }}
.faster {{ fill: #2a7d4f; }} .slower {{ fill: #b5473c; }}
</style>
<text x="16" y="24" font-size="15">{1}</text>
)",
      height, escaped(title));
  for (const double tick : {0.25, 0.5, 1.0, 2.0, 4.0})
    out += fmt::format(
        R"(<line x1="{0:.1f}" x2="{0:.1f}" y1="{1:.0f}" y2="{2:.0f}" stroke-opacity="{3}"/>
<text x="{0:.1f}" y="{4:.0f}" text-anchor="middle" font-size="11">{5:g}x</text>
)",
        x_of(tick), kTop - 8, height - 26, tick == 1 ? 0.9 : 0.2, height - 10, tick);
  double y = kTop;
  for (const RatioRow& r : rows) {
    const double x = x_of(r.ratio.middle), left = std::min(x, kMiddle);
    out += fmt::format(
        R"(<text x="16" y="{0:.1f}">{1}</text>
<rect class="{2}" x="{3:.1f}" y="{4:.1f}" width="{5:.1f}" height="16"/>
<line x1="{6:.1f}" x2="{7:.1f}" y1="{8:.1f}" y2="{8:.1f}" stroke-width="2"/>
<text x="690" y="{0:.1f}">{9:.3f}x</text>
)",
        y + 15, escaped(r.name), r.ratio.middle < 1 ? "slower" : "faster", left, y + 3,
        std::abs(x - kMiddle), x_of(r.ratio.low), x_of(r.ratio.high), y + 11, r.ratio.middle);
    y += kRow;
  }
  return out + "</svg>\n";
}

}  // namespace fk::core
