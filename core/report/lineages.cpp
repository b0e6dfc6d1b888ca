// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "core/report/numbers.hpp"
#include "core/report/scale.hpp"
#include "core/report/sections.hpp"

namespace fk::report {
namespace {

constexpr double kWidth = 260, kHeight = 110, kLeft = 34, kRight = 46, kTop = 10, kBottom = 18;

bool failed(const Version& v) { return !v.verdict.empty() && v.verdict != "pass"; }

class Small {
 public:
  Small(Html& h, const Lineage& l, const LogScale& scale) : h_(h), l_(l), scale_(scale) {}

  void draw() {
    const Version& last = l_.versions.back();
    const auto svg = h_.open(
        "svg", {{"viewBox", fmt::format("0 0 {} {}", kWidth, kHeight)},
                {"role", "img"},
                {"aria-label",
                 fmt::format("{} versions of {} for {}: from {} to {} of the baseline's speed",
                             l_.versions.size(), l_.implementation, l_.task,
                             times_text(l_.versions.front().ratio), times_text(last.ratio))}});
    for (double t : scale_.ticks(4)) {
      line(kLeft, y(t), kWidth - kRight, y(t), t == 1 ? "parity" : "grid");
      words(kLeft - 4, y(t) + 3, "end", fmt::format("{:g}×", t));
    }
    std::string path;
    for (size_t i = 0; i < l_.versions.size(); ++i)
      path += fmt::format("{}{} {}", i ? "L" : "M", coordinate(x(i)),
                          coordinate(y(l_.versions[i].ratio)));
    h_.empty("path", {{"class", "line"}, {"d", path}});
    for (size_t i = 0; i < l_.versions.size(); ++i) version(i);
    words(x(l_.versions.size() - 1) + 7, y(last.ratio) + 3, "start", times_text(last.ratio));
    words(kLeft, kHeight - 3, "start", l_.versions.front().first.substr(0, 10));
    words(kWidth - kRight, kHeight - 3, "end", last.first.substr(0, 10));
  }

 private:
  // Versions stand side by side: the days between them say nothing.
  double x(size_t i) const {
    const double n = double(l_.versions.size()), room = kWidth - kLeft - kRight;
    return kLeft + room * (double(i) + 0.5) / n;
  }
  double y(double v) const { return kHeight - kBottom - scale_.at(v) * (kHeight - kTop - kBottom); }
  void line(double x1, double y1, double x2, double y2, const char* style) {
    h_.empty("line", {{"x1", coordinate(x1)},
                      {"y1", coordinate(y1)},
                      {"x2", coordinate(x2)},
                      {"y2", coordinate(y2)},
                      {"class", style}});
  }
  void words(double at_x, double at_y, const char* anchor, const std::string& text) {
    h_.leaf("text", text,
            {{"x", coordinate(at_x)}, {"y", coordinate(at_y)}, {"text-anchor", anchor}});
  }
  void version(size_t i) {
    const Version& v = l_.versions[i];
    line(x(i), y(v.low), x(i), y(v.high), "interval");
    // A cross for what the Judge refused, a dot for the rest.
    const auto dot = h_.open(
        "path",
        {{"class", failed(v) ? "point failed" : "point"},
         {"d", failed(v) ? "M-3.5 -3.5L3.5 3.5M-3.5 3.5L3.5 -3.5"
                         : "M-3 0A3 3 0 1 1 3 0A3 3 0 1 1 -3 0Z"},
         {"transform", fmt::format("translate({} {})", coordinate(x(i)), coordinate(y(v.ratio)))}});
    h_.leaf("title", fmt::format("{} {}: {} {}", v.version, v.hash.substr(0, 8),
                                 times_text(v.ratio), interval_text(v.low, v.high)));
  }

  Html& h_;
  const Lineage& l_;
  const LogScale& scale_;
};

void versions_table(Html& h, const Lineage& l) {
  const auto details = h.open("details");
  h.leaf("summary", fmt::format("{} versions", l.versions.size()));
  const Table table(h, fmt::format("Versions of {} for {}", l.implementation, l.task),
                    {"version", "first measured", "verdict", "speed#", "records"});
  const auto body = h.open("tbody");
  for (const Version& v : l.versions) {
    const auto row = h.open("tr");
    h.leaf("th",
           fmt::format("{} {}{}", v.version, v.hash.substr(0, 8),
                       v.revision.empty() ? "" : ", source " + v.revision.substr(0, 8)),
           {{"scope", "row"}});
    h.leaf("td", minute_text(v.first));
    {
      const auto cell = h.open("td");
      if (v.verdict.empty()) {
        h.text("not judged");
      } else {
        mark(h, v.verdict == "pass" ? "PASS" : v.verdict);
        h.text(" ");
        record_id(h, v.verdict_id);
      }
    }
    h.leaf("td", times_text(v.ratio) + " " + interval_text(v.low, v.high),
           {{"class", "number"}, {"data-head", "speed"}});
    const auto cell = h.open("td");
    for (size_t i = 0; i < v.ids.size(); ++i) {
      record_id(h, v.ids[i]);
      h.text(" " + v.cases[i] + (i + 1 < v.ids.size() ? ", " : ""));
    }
  }
}

}  // namespace

void lineage_section(Html& h, const Report& r) {
  const auto section = h.open("section", {{"id", "lineage"}});
  h.leaf("h2", "Versions");
  std::vector<double> values;
  size_t alone = 0;
  for (const Lineage& l : r.lineages) {
    if (l.versions.size() < 2) {
      ++alone;
      continue;
    }
    for (const Version& v : l.versions) values.insert(values.end(), {v.low, v.ratio, v.high});
  }
  if (values.empty()) {
    h.leaf("p", "No implementation was measured in two versions.", {{"class", "none"}});
    return;
  }
  h.leaf(
      "p",
      "Each build of an implementation in the order in which they were measured: the geometric "
      "mean of its speed beside the baseline, over the cases that all its versions have. A cross "
      "is a build that the Judge refused. The dashed line is parity.");
  const LogScale scale(values, 0.5, 2, 2, 512);
  {
    const auto grid = h.open("div", {{"class", "multiples"}});
    for (const Lineage& l : r.lineages) {
      if (l.versions.size() < 2) continue;
      const auto figure = h.open("figure");
      {
        const auto caption = h.open("figcaption");
        h.leaf("b", l.task);
        h.leaf("small", l.implementation + (l.baseline.empty() ? "" : " against " + l.baseline) +
                            (one_machine(r) ? "" : " · " + l.device) +
                            (l.same_cases ? "" : " · no case is in all versions"));
      }
      Small(h, l, scale).draw();
      versions_table(h, l);
    }
  }
  if (alone) h.leaf("p", fmt::format("{} more with one version each.", alone), {{"class", "none"}});
}

}  // namespace fk::report
