// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

namespace fk::core {

using CsvRow = std::vector<std::string>;

// A table in CSV after lines of other things ("Generating SQLite file ...", "==PROF== ..."). A
// quoted cell may hold commas and doubled quotes.
class CsvTable {
 public:
  // `needed`: a column by which the head is known. Rows of another length than the head's are none.
  CsvTable(const std::string& csv, const std::string& needed);
  std::optional<size_t> column(const std::string& name) const;
  const std::vector<CsvRow>& rows() const { return rows_; }

 private:
  CsvRow head_;
  std::vector<CsvRow> rows_;
};

// The number in a column of the row, with commas between thousands or not; `otherwise` where there
// is no such column or no number in it.
double csv_number(const CsvRow&, std::optional<size_t> column, double otherwise = 0);

}  // namespace fk::core
