// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/report/data.hpp"
#include "core/report/html.hpp"

// The sections of the page, each in the file of its name, and what they share.
namespace fk::report {

void head_section(Html&, const Report&);
void speedup_section(Html&, const Report&);
void roofline_section(Html&, const Report&);
void plan_section(Html&, const Report&);
void lineage_section(Html&, const Report&);
void verdict_section(Html&, const Report&);
void score_section(Html&, const Report&);

// FAST, SAME, SLOW, AMBG, REFUSED, pass and everything that is a failure: the name of its style.
// Colour, symbol and word say the same.
const char* style_of(const std::string& code);
void mark(Html&, const std::string& code);
// A record's short id, with the command that takes it again.
void record_id(Html&, const std::string& id);
// For data-sort, which the script sorts by; empty where there is no number.
std::string sort_key(double);
void count_note(Html&, int64_t count, const char* what);  // "3 measurements: <what>", none for 0
// A table that scrolls by itself where the page is narrower, with its caption.
class Table {
 public:
  // `heads` that end in '#' are of numbers.
  Table(Html&, const std::string& caption, const std::vector<const char*>& heads);

 private:
  Html::Element scroll_, table_;
};

// One device is named once, at the head of the page.
inline bool one_machine(const Report& r) { return r.head.machines.size() < 2; }

}  // namespace fk::report
