// SPDX-License-Identifier: Apache-2.0
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/report/numbers.hpp"
#include "core/report/scale.hpp"
#include "core/report/sections.hpp"

namespace fk::report {
namespace {

std::string percent(double part) { return coordinate(100 * part) + "%"; }

bool is_speed(const Bar& b) { return b.code != "REFUSED" && std::isfinite(b.ratio) && b.ratio > 0; }

// The bar from parity to the ratio, and its interval as a whisker over it.
void track(Html& h, const Bar& b, const LogScale& scale) {
  const auto cell = h.open("td", {{"class", "track"}, {"role", "cell"}});
  const double one = scale.at(1);
  const auto box = h.open(
      "div", {{"class", "box"}, {"aria-hidden", "true"}, {"style", "--one:" + percent(one)}});
  if (!is_speed(b)) return;
  const double at = scale.at(b.ratio), left = std::min(one, at), right = std::max(one, at);
  h.leaf("i", "",
         {{"class", fmt::format("bar {}", style_of(b.code))},
          {"style", "left:" + percent(left) + ";width:" + percent(right - left)}});
  if (!(b.low > 0) || !(b.high >= b.low)) return;
  const double low = scale.at(b.low), high = scale.at(b.high);
  h.leaf(
      "i", "",
      {{"class", "whisker"}, {"style", "left:" + percent(low) + ";width:" + percent(high - low)}});
}

void bar_row(Html& h, const Bar& b, const LogScale& scale, bool many_baselines) {
  const auto row = h.open("tr", {{"role", "row"}});
  {
    const auto name = h.open("th", {{"scope", "row"}, {"role", "rowheader"}, {"class", "what"}});
    h.leaf("b", b.implementation);
    std::string more = b.case_id;
    for (const std::string* part : {&b.bucket, &b.l2_state})
      if (!part->empty()) more += " · " + *part;
    if (many_baselines) more += " · against " + b.baseline;
    if (!b.context.empty()) more += " · children " + b.context.substr(0, 8);
    h.leaf("small", more);
    if (!b.text.empty()) h.leaf("small", b.text, {{"class", "why"}});
  }
  {
    const auto cell = h.open("td", {{"class", "code"}, {"role", "cell"}});
    mark(h, b.code.empty() ? "AMBG" : b.code);
  }
  track(h, b, scale);
  {
    const auto cell = h.open("td", {{"class", "value"}, {"role", "cell"}});
    if (b.code == "REFUSED") {
      h.text("no time");
    } else {
      h.leaf("b", times_text(b.ratio));
      h.leaf("small", interval_text(b.low, b.high));
    }
  }
  {
    const auto cell = h.open("td", {{"class", "time"}, {"role", "cell"}});
    if (b.code != "REFUSED") {
      h.text(seconds_text(b.seconds));
      h.leaf("small", "baseline " + seconds_text(b.baseline_seconds));
    }
  }
  const auto cell = h.open("td", {{"class", "record"}, {"role", "cell"}});
  record_id(h, b.id);
}

void axis(Html& h, const LogScale& scale) {
  const auto cell = h.open("th", {{"scope", "col"}, {"role", "columnheader"}, {"class", "track"}});
  h.leaf("span", "speed beside the baseline, logarithmic", {{"class", "hidden"}});
  const auto box = h.open("div", {{"class", "axis"}, {"aria-hidden", "true"}});
  for (double t : scale.ticks(6)) {
    const double at = scale.at(t);
    const char* side = at < 0.03 ? "first" : at > 0.97 ? "last" : "middle";
    h.leaf("span", t >= 1 ? fmt::format("{:g}×", t) : fmt::format("1/{:g}", 1 / t),
           {{"class", side}, {"style", "left:" + percent(at)}});
  }
}

void group(Html& h, const std::vector<const Bar*>& bars, const LogScale& scale, bool show_device) {
  const Bar& first = *bars[0];
  std::set<std::string> baselines;
  for (const Bar* b : bars)
    if (!b->baseline.empty()) baselines.insert(b->baseline);
  const auto table = h.open("table", {{"class", "bars"}, {"role", "table"}});
  {
    const auto caption = h.open("caption");
    h.leaf("b", first.task);
    h.leaf("small", fmt::format(" L{}{}{}{}", first.level, show_device ? " on " + first.device : "",
                                baselines.empty() ? "" : " against ", fmt::join(baselines, ", ")));
  }
  {
    const auto head = h.open("thead", {{"role", "rowgroup"}});
    const auto row = h.open("tr", {{"role", "row"}});
    const auto column = [&](const char* name, const char* style) {
      h.leaf("th", name, {{"scope", "col"}, {"role", "columnheader"}, {"class", style}});
    };
    column("implementation, case", "what");
    column("verdict", "code");
    axis(h, scale);
    column("speed", "value");
    column("time", "time");
    column("record", "record");
  }
  const auto body = h.open("tbody", {{"role", "rowgroup"}});
  for (const Bar* b : bars) bar_row(h, *b, scale, baselines.size() > 1);
}

void legend(Html& h) {
  const auto list = h.open("ul", {{"class", "legend"}});
  const auto entry = [&](const char* code, const char* meaning) {
    const auto item = h.open("li");
    mark(h, code);
    h.text(std::string(" ") + meaning);
  };
  entry("FAST", "the whole interval lies more than 0.5 % above parity");
  entry("SAME", "within 2 % of it");
  entry("SLOW", "more than 0.5 % below");
  entry("AMBG", "neither can be said, or too few rounds");
  entry("REFUSED", "no time that counts");
}

}  // namespace

void speedup_section(Html& h, const Report& r) {
  const auto section = h.open("section", {{"id", "speed"}});
  h.leaf("h2", "Speed beside the baseline");
  if (r.bars.empty()) {
    h.leaf("p", "No measurements.", {{"class", "none"}});
    return;
  }
  h.leaf(
      "p",
      "Baseline time over implementation time, the newest measurement of each case. A bar begins "
      "at parity (1×); the whisker is the 95 % interval. All groups share one logarithmic axis.");
  legend(h);
  std::vector<double> values;
  for (const Bar& b : r.bars)
    if (is_speed(b)) values.insert(values.end(), {b.ratio, b.low, b.high});
  constexpr double kFarthest = 512;
  const LogScale scale(values, 0.5, 2, 2, kFarthest);
  for (size_t i = 0; i < r.bars.size();) {
    std::vector<const Bar*> bars;
    const Bar& first = r.bars[i];
    while (i < r.bars.size() && r.bars[i].task == first.task && r.bars[i].device == first.device)
      bars.push_back(&r.bars[i++]);
    group(h, bars, scale, !one_machine(r));
  }
}

}  // namespace fk::report
