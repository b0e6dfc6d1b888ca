// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "core/report/sections.hpp"

namespace fk::report {
namespace {

struct Mark {
  const char *code, *style, *symbol;
};
constexpr Mark kMarks[] = {
    {"FAST", "fast", "▲"},   {"SAME", "same", "="},       {"SLOW", "slow", "▼"},
    {"AMBG", "ambg", "?"},   {"REFUSED", "refused", "✕"}, {"PASS", "pass", "✓"},
    {"passed", "pass", "✓"}, {"missing", "ambg", "–"},    {"unsupported", "ambg", "–"},
};

const Mark& mark_of(const std::string& code) {
  static constexpr Mark kFailure = {"", "refused", "✕"};
  for (const Mark& m : kMarks)
    if (code == m.code) return m;
  return kFailure;
}

}  // namespace

const char* style_of(const std::string& code) { return mark_of(code).style; }

void mark(Html& h, const std::string& code) {
  const Mark& m = mark_of(code);
  const auto span = h.open("span", {{"class", fmt::format("mark {}", m.style)}});
  h.leaf("span", m.symbol, {{"aria-hidden", "true"}});
  h.text(" " + code);
}

void record_id(Html& h, const std::string& id) {
  h.leaf("code", id, {{"class", "id"}, {"title", "fk results rerun " + id}});
}

std::string sort_key(double v) { return std::isfinite(v) ? fmt::format("{:.9g}", v) : ""; }

void count_note(Html& h, int64_t count, const char* what) {
  if (count) h.leaf("li", fmt::format("{} {}", count, what));
}

Table::Table(Html& h, const std::string& caption, const std::vector<const char*>& heads)
    : scroll_(h.open(
          "div",
          {{"class", "scroll"}, {"tabindex", "0"}, {"role", "region"}, {"aria-label", caption}})),
      table_(h.open("table", {{"class", "data"}})) {
  h.leaf("caption", caption);
  const auto head = h.open("thead");
  const auto row = h.open("tr");
  for (const char* name : heads) {
    const size_t length = std::strlen(name);
    const bool number = length > 0 && name[length - 1] == '#';
    h.leaf("th", std::string(name, length - number),
           {{"scope", "col"}, {"class", number ? "number" : "words"}});
  }
}

}  // namespace fk::report
