// SPDX-License-Identifier: Apache-2.0
#include "core/cli/csv_table.hpp"

#include <algorithm>
#include <stdexcept>

namespace fk::core {
namespace {

// The cells of the line that begins at `at`, which goes to the next line.
CsvRow line(const std::string& csv, size_t& at) {
  CsvRow out(1);
  bool quoted = false;
  for (; at < csv.size(); ++at) {
    const char c = csv[at];
    if (c == '"' && quoted && at + 1 < csv.size() && csv[at + 1] == '"')
      out.back() += csv[++at];
    else if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      out.emplace_back();
    else if (c == '\n')  // names hold none, so a quote that stays open ends with its line
      break;
    else if (c != '\r')
      out.back() += c;
  }
  ++at;
  return out;
}

}  // namespace

CsvTable::CsvTable(const std::string& csv, const std::string& needed) {
  size_t at = 0;
  while (at < csv.size()) {
    CsvRow row = line(csv, at);
    const bool is_head = std::find(row.begin(), row.end(), needed) != row.end();
    if (head_.empty() && is_head)
      head_ = std::move(row);
    else if (!head_.empty() && row.size() == head_.size())
      rows_.push_back(std::move(row));
  }
}

std::optional<size_t> CsvTable::column(const std::string& name) const {
  const auto at = std::find(head_.begin(), head_.end(), name);
  return at == head_.end() ? std::nullopt : std::optional<size_t>(at - head_.begin());
}

double csv_number(const CsvRow& row, std::optional<size_t> column, double otherwise) {
  if (!column) return otherwise;
  std::string text = row[*column];
  std::erase(text, ',');
  try {
    return std::stod(text);
  } catch (const std::exception&) { return otherwise; }  // a line of units, or n/a
}

}  // namespace fk::core
