// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "core/report/numbers.hpp"
#include "core/report/sections.hpp"

namespace fk::report {
namespace {

// "y[17] is 0.5, expected 0.25 (bound 0.001)" of a difference, and the Judge's words.
std::string failure(const Judgement& j) {
  if (j.passed) return "";
  std::string out;
  if (!j.case_id.empty()) out += j.case_id + ": ";
  if (!j.tensor.empty())
    out += fmt::format("{}[{}] is {}, expected {} (error {}, bound {}). ", j.tensor, j.bad_index,
                       plain_text(j.found), plain_text(j.expected), plain_text(j.error),
                       plain_text(j.bound));
  return out + j.text;
}

}  // namespace

void verdict_section(Html& h, const Report& r) {
  const auto section = h.open("section", {{"id", "verdicts"}});
  h.leaf("h2", "Verdicts");
  if (r.judgements.empty()) {
    h.leaf("p", "No verdicts.", {{"class", "none"}});
    return;
  }
  size_t passed = 0;
  for (const Judgement& j : r.judgements) passed += j.passed;
  h.leaf("p", fmt::format("The newest verdict on each build: {} passed, {} failed.", passed,
                          r.judgements.size() - passed));
  const Table table(
      h, "The Judge's verdicts, with the first failure of each",
      {"task", "implementation", "verdict", "coverage#", "first failure", "when", "record"});
  const auto body = h.open("tbody");
  for (const Judgement& j : r.judgements) {
    const auto row = h.open("tr");
    h.leaf("th", j.task, {{"scope", "row"}});
    {
      const auto cell = h.open("td");
      h.leaf("b", j.implementation);
      std::string more = j.version + (j.version.empty() ? "" : " ") + j.hash.substr(0, 8);
      if (!one_machine(r)) more += " · " + j.device;
      h.leaf("small", more);
    }
    {
      const auto cell = h.open("td");
      mark(h, j.passed ? "PASS" : j.code.empty() ? "FAIL" : j.code);
    }
    h.leaf("td", percent_text(j.coverage),
           {{"class", "number"}, {"data-head", "coverage"}, {"data-sort", sort_key(j.coverage)}});
    h.leaf("td", failure(j), {{"class", "failure"}});
    h.leaf("td", minute_text(j.time), {{"class", "when"}});
    const auto cell = h.open("td");
    record_id(h, j.id);
  }
}

}  // namespace fk::report
