// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "core/base/error.hpp"
#include "core/store/schema.hpp"
#include "core/store/store.hpp"

namespace fk::store {
namespace fs = std::filesystem;
namespace {

std::set<std::string> column_names(const Database& db, const std::string& from,
                                   const std::string& table) {
  std::set<std::string> names;
  Statement s(db, fmt::format("PRAGMA {}.table_info({})", from, table));
  while (s.step()) names.insert(s.text(1));
  names.erase("seq");
  return names;
}

// The columns of both: an older store lacks some, which get their defaults.
std::string common_columns(const Database& db, const std::string& table,
                           const std::string& prefix) {
  const std::set<std::string> theirs = column_names(db, "other", table);
  std::string out;
  for (const std::string& name : column_names(db, "main", table))
    if (theirs.count(name)) out += (out.empty() ? "" : ", ") + prefix + name;
  return out;
}

}  // namespace

std::vector<Store::Imported> Store::import(const fs::path& path) {
  if (!fs::is_regular_file(path)) core::missing("{}: no such file", path.string());
  std::error_code ignored;
  if (fs::equivalent(path, db_->path(), ignored))
    core::bad_input("{}: is this store itself; name another", path.string());
  std::vector<Imported> out;
  const Database::Other other = db_->attach(path);
  if (refuse_unreadable(*db_, path.string(), "other").kind == Schema::Kind::kEmpty) return out;
  Transaction t(*db_);
  for (const char* table : {"measurements", "verdicts", "plans", "runs"}) {
    const std::string theirs = common_columns(*db_, table, "o.");
    const std::string ours = common_columns(*db_, table, "m.");
    const std::string same =
        fmt::format("FROM other.{0} o JOIN main.{0} m ON m.uuid = o.uuid", table);
    const std::string changed = db_->text(
        fmt::format("SELECT o.uuid {} WHERE ({}) IS NOT ({}) LIMIT 1", same, ours, theirs));
    if (!changed.empty())
      core::bad_input(
          "{}: its record {} of {} is not the one of that id in {}; one of the two files was "
          "changed by hand, nothing was imported",
          path.string(), changed, table, db_->path());
    Imported counts{table, 0, db_->number("SELECT count(*) " + same)};
    const std::string names = common_columns(*db_, table, "");
    db_->exec(
        fmt::format("INSERT INTO main.{0} ({1}) SELECT {2} FROM other.{0} o WHERE NOT EXISTS "
                    "(SELECT 1 FROM main.{0} m WHERE m.uuid = o.uuid) ORDER BY o.seq",
                    table, names, theirs));
    counts.added = db_->number("SELECT changes()");
    out.push_back(std::move(counts));
  }
  t.commit();
  return out;
}

}  // namespace fk::store
