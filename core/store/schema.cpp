// SPDX-License-Identifier: Apache-2.0
#include "core/store/schema.hpp"

#include <iterator>

#include "core/base/error.hpp"

namespace fk::store {
namespace {

// Step i brings version i to version i + 1. A step that was ever released is never edited; a change
// is a new step at the end, and kSchemaVersion goes up by one.
constexpr const char* kSteps[] = {
    R"sql(
CREATE TABLE measurements (
  seq INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, time TEXT NOT NULL,
  task TEXT NOT NULL, level INTEGER NOT NULL, signature TEXT NOT NULL, init TEXT NOT NULL,
  implementation TEXT NOT NULL, hash TEXT NOT NULL, version TEXT NOT NULL, revision TEXT NOT NULL,
  baseline TEXT NOT NULL, baseline_hash TEXT NOT NULL,
  case_id TEXT NOT NULL, bucket TEXT NOT NULL, dtype TEXT NOT NULL,
  device TEXT NOT NULL, driver TEXT NOT NULL, clocks TEXT NOT NULL, l2_state TEXT NOT NULL,
  code TEXT NOT NULL, text TEXT NOT NULL, seconds REAL NOT NULL, baseline_seconds REAL NOT NULL,
  ratio REAL NOT NULL, ratio_low REAL NOT NULL, ratio_high REAL NOT NULL,
  samples TEXT NOT NULL, seeds TEXT NOT NULL, harness TEXT NOT NULL);
CREATE TABLE verdicts (
  seq INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, time TEXT NOT NULL,
  task TEXT NOT NULL, level INTEGER NOT NULL, signature TEXT NOT NULL,
  implementation TEXT NOT NULL, hash TEXT NOT NULL, version TEXT NOT NULL, revision TEXT NOT NULL,
  case_set TEXT NOT NULL, device TEXT NOT NULL, driver TEXT NOT NULL,
  passed INTEGER NOT NULL, code TEXT NOT NULL, text TEXT NOT NULL, case_id TEXT NOT NULL,
  tensor TEXT NOT NULL, bad_index INTEGER NOT NULL, expected REAL NOT NULL, found REAL NOT NULL,
  error REAL NOT NULL, bound REAL NOT NULL, coverage REAL NOT NULL,
  record TEXT NOT NULL, seeds TEXT NOT NULL, harness TEXT NOT NULL);
CREATE TABLE plans (
  seq INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, time TEXT NOT NULL,
  config TEXT NOT NULL, policy TEXT NOT NULL, device TEXT NOT NULL, driver TEXT NOT NULL,
  plan_hash TEXT NOT NULL, plan TEXT NOT NULL, reasons TEXT NOT NULL, harness TEXT NOT NULL);
CREATE TABLE runs (
  seq INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, time TEXT NOT NULL,
  command TEXT NOT NULL, config TEXT NOT NULL, plan_hash TEXT NOT NULL,
  device TEXT NOT NULL, driver TEXT NOT NULL, record TEXT NOT NULL, harness TEXT NOT NULL);
CREATE INDEX measurements_by_task ON measurements (task, implementation, hash);
CREATE INDEX verdicts_by_hash ON verdicts (hash, task, implementation);
)sql",
    // What an implementation keeps counts against the resolver's memory budget.
    R"sql(
ALTER TABLE measurements ADD COLUMN retained_bytes INTEGER NOT NULL DEFAULT 0;
CREATE INDEX plans_by_hash ON plans (plan_hash);
)sql",
    // A composite is as fast and as right as the plugins that computed its children.
    R"sql(
ALTER TABLE measurements ADD COLUMN context TEXT NOT NULL DEFAULT '';
ALTER TABLE verdicts ADD COLUMN context TEXT NOT NULL DEFAULT '';
)sql"};
static_assert(std::size(kSteps) == kSchemaVersion);

// A record is never changed: a guard against slips, not against whoever owns the file. INSERT OR
// REPLACE would delete a row without asking the second trigger.
std::string append_only(const std::string& table) {
  return fmt::format(R"sql(
CREATE TRIGGER IF NOT EXISTS {0}_no_update BEFORE UPDATE ON {0}
BEGIN SELECT RAISE(ABORT, 'the store is append-only: a record of {0} cannot be changed'); END;
CREATE TRIGGER IF NOT EXISTS {0}_no_delete BEFORE DELETE ON {0}
BEGIN SELECT RAISE(ABORT, 'the store is append-only: a record of {0} cannot be deleted'); END;
CREATE TRIGGER IF NOT EXISTS {0}_no_replace BEFORE INSERT ON {0}
WHEN EXISTS (SELECT 1 FROM {0} WHERE uuid = NEW.uuid) OR EXISTS (SELECT 1 FROM {0} WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the store is append-only: {0} holds a record of this uuid'); END;
)sql",
                     table);
}

}  // namespace

Schema schema_of(Database& db, const std::string& attached) {
  // Three questions to one state of the file: between them another process may make the store.
  const ReadTransaction one(db);
  const int64_t id = db.number("PRAGMA " + attached + ".application_id");
  const int64_t version = db.number("PRAGMA " + attached + ".user_version");
  if (id == kApplicationId) return {Schema::Kind::kOurs, version};
  if (id == 0 && version == 0 &&
      db.number("SELECT count(*) FROM " + attached + ".sqlite_master") == 0)
    return {Schema::Kind::kEmpty, 0};
  return {Schema::Kind::kForeign, version};
}

Schema refuse_unreadable(Database& db, const std::string& path, const std::string& attached) {
  const Schema s = schema_of(db, attached);
  if (s.kind == Schema::Kind::kForeign)
    core::bad_input(
        "{}: is an SQLite database of another program, not a results store; name another file with "
        "FK_STORE",
        path);
  if (s.version > kSchemaVersion)
    core::bad_input(
        "{}: has schema version {}, this fk reads up to {}; use the newer fk that wrote it, or "
        "name "
        "another store with FK_STORE",
        path, s.version, kSchemaVersion);
  return s;
}

void migrate(Database& db) {
  if (schema_of(db).version == kSchemaVersion) return;
  Transaction t(db);
  // Another process may have been faster.
  const Schema now = refuse_unreadable(db, db.path());
  if (now.version == kSchemaVersion) return;
  for (int64_t i = now.version; i < kSchemaVersion; ++i) db.exec(kSteps[i]);
  for (const char* table : {"measurements", "verdicts", "plans", "runs"})
    db.exec(append_only(table));
  db.exec(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kApplicationId,
                      kSchemaVersion));
  t.commit();
}

}  // namespace fk::store
