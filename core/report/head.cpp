// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "core/report/numbers.hpp"
#include "core/report/sections.hpp"

namespace fk::report {
namespace {

void fact(Html& h, const char* name, const std::string& value) {
  if (value.empty()) return;
  const auto pair = h.open("div");
  h.leaf("dt", name);
  h.leaf("dd", value);
}

std::string count_text(int64_t n, const char* what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

std::string machine_text(const Machine& m) {
  std::string out = m.device;
  for (const std::string* more : {&m.driver, &m.clocks})
    if (!more->empty()) out += ", " + *more;
  return out + " (" + count_text(m.records, "record") + ")";
}

}  // namespace

void head_section(Html& h, const Report& r) {
  const Head& head = r.head;
  const auto section = h.open("header", {{"id", "head"}});
  h.leaf("h1", "FastKernels report");
  if (head.records() == 0) {
    h.leaf("p", head.since.empty() ? "The store holds no records yet."
                                   : "The store holds no records since " + head.since + ".");
    const auto p = h.open("p");
    h.text("Measure something, ");
    h.leaf("code", "fk check rms_norm && fk bench rms_norm");
    h.text(", then write this page again.");
    return;
  }
  const auto facts = h.open("dl", {{"class", "facts"}});
  for (const Machine& m : head.machines) fact(h, "machine", machine_text(m));
  fact(h, "measured",
       head.last.size() > 11 && head.first.substr(0, 10) == head.last.substr(0, 10)
           ? minute_text(head.first) + " to " + minute_text(head.last).substr(11) + " UTC"
           : minute_text(head.first) + " to " + minute_text(head.last) + " UTC");
  fact(h, "records",
       fmt::format("{}, {}, {}, {}", count_text(head.measurements, "measurement"),
                   count_text(head.verdicts, "verdict"), count_text(head.plans, "plan"),
                   count_text(head.runs, "run")) +
           (head.since.empty() ? "" : " since " + head.since));
  std::string revisions;
  for (const std::string& rev : head.harness) {
    const size_t dash = rev.find('-');  // "-changed"
    revisions += (revisions.empty() ? "" : ", ") + rev.substr(0, std::min<size_t>(12, dash)) +
                 (dash == rev.npos ? "" : rev.substr(dash));
  }
  fact(h, head.harness.size() == 1 ? "harness revision" : "harness revisions", revisions);
  fact(h, "written", minute_text(head.written) + " UTC from " + head.store);
}

}  // namespace fk::report
