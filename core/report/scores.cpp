// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "core/report/numbers.hpp"
#include "core/report/sections.hpp"

namespace fk::report {
namespace {

void line_row(Html& h, const SheetLine& l) {
  const auto row = h.open("tr");
  h.leaf("th", l.task, {{"scope", "row"}});
  h.leaf("td", l.implementation);
  {
    const auto cell = h.open("td");
    mark(h, l.outcome);
    if (!l.why.empty()) h.leaf("small", l.why);
  }
  h.leaf("td", l.speedup > 0 ? times_text(l.speedup) : "–",
         {{"class", "number"}, {"data-head", "x"}});
  h.leaf("td", percent_text(l.coverage), {{"class", "number"}, {"data-head", "cases"}});
  h.leaf("td", fmt::format("{:.2f}", l.points), {{"class", "number"}, {"data-head", "points"}});
  const auto cell = h.open("td", {{"class", "ids"}});
  for (const std::string& id : l.ids) {
    record_id(h, id);
    h.text(" ");
  }
}

void sheet(Html& h, const Report& r, const Sheet& s) {
  const auto article = h.open("article", {{"class", "sheet"}});
  const std::string name = fmt::format("{}, level {}", s.plugin, s.level);
  {
    const auto title = h.open("h3");
    h.text(name);
    if (!one_machine(r)) h.leaf("small", " " + s.device);
  }
  {
    const auto facts = h.open("p", {{"class", "score"}});
    h.leaf("b", fmt::format("{:.1f}", s.score));
    h.leaf("small", fmt::format("of 200; {:.1f} at the middle and {:.1f} at the upper end of all "
                                "intervals",
                                s.middle, s.high));
  }
  h.leaf("p",
         fmt::format("= 100 × coverage {:.3f} × pass {:.3f} × speed {:.3f}. Passed and faster "
                     "than the baseline: {} of the weight. {} of the level's {} tasks tried.",
                     s.coverage, s.pass, s.speed, percent_text(s.fast), s.lines.size(), s.tasks));
  const Table table(h, "Score sheet of " + name,
                    {"task", "implementation", "outcome", "x#", "cases#", "points#", "records"});
  const auto body = h.open("tbody");
  for (const SheetLine& l : s.lines) line_row(h, l);
}

}  // namespace

void score_section(Html& h, const Report& r) {
  const auto section = h.open("section", {{"id", "scores"}});
  h.leaf("h2", "Scores");
  if (r.sheets.empty()) {
    h.leaf("p", "No plugin has both a verdict on a build and times of that same build.",
           {{"class", "none"}});
    return;
  }
  h.leaf(
      "p",
      "Each plugin against each level: 100 is parity in every task, 200 the end, and a task left "
      "out counts nothing. Tasks weigh the same, cases as their task's file says; x is of the "
      "lower ends of the intervals.");
  for (const Sheet& s : r.sheets) sheet(h, r, s);
}

}  // namespace fk::report
