// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "core/store/schema.hpp"
#include "tests/support/errors.hpp"
#include "tests/unit/store/helpers.hpp"

namespace fk::store {
namespace {

using test::error_of;
namespace fs = std::filesystem;

TEST(Store, GivesBackEveryFieldOfEveryRecord) {
  Folder f;
  Store store(f / "a/b/results.db");  // makes the folders
  const std::string id = store.add(measurement("rms_norm", "mine/fast"));
  Verdict v;
  v.task = "rms_norm";
  v.implementation = "mine/fast";
  v.code = "wrong";
  v.text = "it's \"bad\",\nquite";
  v.bad_index = 17;
  v.expected = -HUGE_VAL;
  v.found = std::nan("");
  v.bound = 0.1;
  const std::string verdict = store.add(v);
  PlanRecord p;
  p.plan = "nodes:\n  - x\n";
  p.plan_hash = "f00d";
  RunRecord r;
  r.command = {"fk", "bench", "model"};
  r.record = {{"a", {1, 2}}};
  const std::string plan = store.add(p), run = store.add(r);

  const auto got = std::get<Measurement>(store.get(id.substr(0, 12)));
  Measurement want = measurement("rms_norm", "mine/fast");
  want.uuid = id, want.time = got.time;
  EXPECT_EQ(to_json(got), to_json(want));
  EXPECT_EQ(got.seeds[0].get<uint64_t>(), 18446744073709551615ull);
  const auto back = std::get<Verdict>(store.get(verdict));
  EXPECT_EQ(back.text, v.text);
  EXPECT_EQ(back.bad_index, 17);
  EXPECT_TRUE(std::isnan(back.found));
  EXPECT_EQ(back.expected, -HUGE_VAL);
  EXPECT_EQ(back.bound, 0.1);
  EXPECT_FALSE(back.passed);
  EXPECT_EQ(std::get<PlanRecord>(store.get(plan)).plan, p.plan);
  EXPECT_EQ(std::get<RunRecord>(store.get(run)).record, r.record);
  EXPECT_EQ(to_json(back)["found"], "nan");
}

TEST(Store, EveryFieldIsAColumnAndEveryColumnAField) {
  Folder f;
  Store store(f / "r.db");
  auto check = [&](auto row) {
    std::set<std::string> names = {"seq"}, columns;
    fields(row, [&](const char* name, const auto&) { EXPECT_TRUE(names.insert(name).second); });
    Statement s(store.database(), fmt::format("PRAGMA table_info({})", row.kTable));
    while (s.step()) columns.insert(s.text(1));
    EXPECT_EQ(names, columns);
  };
  check(Measurement{});
  check(Verdict{});
  check(PlanRecord{});
  check(RunRecord{});
}

TEST(Store, Filters) {
  Folder f;
  Store store(f / "r.db");
  for (int i = 0; i < 10; ++i) {
    Measurement m = measurement(i % 2 ? "rms_norm" : "linear", i % 3 ? "mine/fast" : "mine_too/x");
    m.time = "2026-11-2" + std::to_string(i) + "T00:00:00.000Z";
    m.case_id = i < 5 ? "llama/a" : "llama_b";
    m.hash = i == 7 ? "beef00" : "aa%_";
    store.add(m);
  }
  auto count = [&](Filter filter) { return store.find<Measurement>(filter).size(); };
  EXPECT_EQ(count({}), 10u);
  EXPECT_EQ(count({.task = "linear"}), 5u);
  EXPECT_EQ(count({.task = "lin%"}), 0u);
  EXPECT_EQ(count({.implementation = "mine"}), 6u);
  EXPECT_EQ(count({.implementation = "mine/fast"}), 6u);
  EXPECT_EQ(count({.implementation = "mine_too"}), 4u);
  EXPECT_EQ(count({.hash = "beef"}), 1u);
  EXPECT_EQ(count({.hash = "aa%"}), 9u);
  EXPECT_EQ(count({.case_id = "llama/"}), 5u);
  EXPECT_EQ(count({.case_id = "llama"}), 5u);
  EXPECT_EQ(count({.since = "2026-11-28"}), 2u);
  EXPECT_EQ(count({.task = "linear", .implementation = "mine", .since = "2026-11-24"}), 2u);
  const auto newest = store.find<Measurement>({.limit = 2});
  ASSERT_EQ(newest.size(), 2u);
  EXPECT_EQ(newest[0].time.substr(0, 10), "2026-11-28");  // in the order in which they came
  EXPECT_EQ(store.find<RunRecord>({.task = "linear"}).size(), 0u);
}

TEST(Store, NothingIsEverChanged) {
  Folder f;
  Store store(f / "r.db");
  Measurement m = measurement("linear", "mine/fast");
  m.uuid = store.add(m);
  store.add(Verdict{});
  store.add(PlanRecord{});
  store.add(RunRecord{});
  Database& db = store.database();
  for (const char* table : {"measurements", "verdicts", "plans", "runs"}) {
    for (const std::string& sql :
         {fmt::format("UPDATE {} SET time = 'x'", table), fmt::format("DELETE FROM {}", table),
          fmt::format("INSERT OR REPLACE INTO {0} SELECT * FROM {0}", table),
          fmt::format("REPLACE INTO {0} SELECT * FROM {0}", table)}) {
      const std::string said = error_of([&] { db.exec(sql); });
      EXPECT_NE(said.find("append-only"), std::string::npos) << sql << ": " << said;
    }
    EXPECT_EQ(db.number(fmt::format("SELECT count(*) FROM {} WHERE time != 'x'", table)), 1);
  }
  EXPECT_NE(error_of([&] { store.add(m); }).find("holds a record of this uuid"), std::string::npos);
}

TEST(Store, ABatchIsAllOrNothing) {
  Folder f;
  Store store(f / "r.db");
  {
    Store::Batch batch(store);
    store.add(measurement("linear", "a/a"));
  }
  EXPECT_EQ(store.find<Measurement>().size(), 0u);
  Store::Batch batch(store);
  store.add(measurement("linear", "a/a"));
  store.add(measurement("linear", "a/a"));
  batch.commit();
  EXPECT_EQ(store.find<Measurement>().size(), 2u);
}

TEST(Store, ImportsOnceHoweverOften) {
  Folder f;
  std::string shared;
  {
    Store other(f / "other.db");
    for (int i = 0; i < 5; ++i) shared = other.add(measurement("linear", "a/a"));
    other.add(Verdict{});
  }
  Store store(f / "r.db");
  store.add(measurement("linear", "b/b"));
  auto sums = [&] {
    int64_t added = 0, known = 0;
    for (const auto& t : store.import(f / "other.db")) added += t.added, known += t.known;
    return std::pair(added, known);
  };
  EXPECT_EQ(sums(), std::pair(int64_t{6}, int64_t{0}));
  EXPECT_EQ(sums(), std::pair(int64_t{0}, int64_t{6}));
  EXPECT_EQ(store.find<Measurement>().size(), 6u);
  Store(f / "other.db").add(measurement("linear", "a/a"));
  EXPECT_EQ(sums(), std::pair(int64_t{1}, int64_t{6}));
  // Someone edited the other file: nothing of it is taken.
  {
    Store other(f / "other.db");
    other.add(RunRecord{});
    other.database().exec("DROP TRIGGER measurements_no_update");
    other.database().exec("UPDATE measurements SET seconds = 1 WHERE uuid = '" + shared + "'");
  }
  const std::string said = error_of([&] { store.import(f / "other.db"); });
  EXPECT_NE(said.find(shared), std::string::npos) << said;
  EXPECT_EQ(store.find<RunRecord>().size(), 0u);
  EXPECT_NE(error_of([&] { store.import(f / "r.db"); }).find("this store itself"),
            std::string::npos);
  EXPECT_NE(error_of([&] { store.import(f / "none.db"); }).find("no such file"), std::string::npos);
}

void make_version(int version, const fs::path& path) {
  std::ifstream in(fs::path(FK_SOURCE_DIR) /
                   fmt::format("tests/unit/store/version_{}.sql", version));
  const std::string sql((std::istreambuf_iterator<char>(in)), {});
  ASSERT_FALSE(sql.empty());
  Database(path, Database::Open::kWrite, std::chrono::seconds(1)).exec(sql);
}

TEST(Store, AVersion1FileIsMigrated) {
  Folder f;
  make_version(1, f / "r.db");
  Store store(f / "r.db");
  EXPECT_EQ(schema_of(store.database()).version, kSchemaVersion);
  const auto rows = store.find<Measurement>();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].uuid, "11111111-0000-4000-8000-000000000001");
  EXPECT_EQ(rows[0].seconds, 1.5e-6);
  EXPECT_EQ(rows[0].retained_bytes, 0);
  store.add(measurement("linear", "a/a"));
  EXPECT_EQ(store.find<Measurement>().size(), 3u);
  EXPECT_NE(
      error_of([&] { store.database().exec("DELETE FROM measurements"); }).find("append-only"),
      std::string::npos);
  Store again(f / "r.db");
  EXPECT_EQ(again.find<Measurement>().size(), 3u);
}

TEST(Store, AVersion2FileIsMigrated) {
  Folder f;
  make_version(2, f / "r.db");
  Store store(f / "r.db");
  EXPECT_EQ(schema_of(store.database()).version, kSchemaVersion);
  const auto rows = store.find<Measurement>();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].retained_bytes, 4096);
  EXPECT_EQ(rows[0].context, "");
  EXPECT_EQ(store.find<Verdict>().at(0).context, "");
  Measurement m = measurement("linear", "a/a");
  m.context = "c";
  EXPECT_EQ(std::get<Measurement>(store.get(store.add(m))).context, "c");
}

TEST(Store, AVersion1FileIsImportedUnchanged) {
  Folder f;
  make_version(1, f / "old.db");
  EXPECT_NE(error_of([&] { Store(f / "old.db", Store::Access::kRead); }).find("schema version 1"),
            std::string::npos);
  Store store(f / "r.db");
  EXPECT_EQ(store.import(f / "old.db")[0].added, 2);
  EXPECT_EQ(store.import(f / "old.db")[0].known, 2);
  Database old(f / "old.db", Database::Open::kRead, std::chrono::seconds(1));
  EXPECT_EQ(schema_of(old).version, 1);
}

TEST(Store, CsvAndJsonSayTheSame) {
  Measurement m = measurement("linear", "a/a");
  m.uuid = "u", m.time = "t", m.text = "a \"b\", c";
  const std::string header = csv_header(m), line = csv_line(m);
  EXPECT_TRUE(header.starts_with("uuid,time,task,level,signature,init,implementation,hash,"));
  EXPECT_TRUE(line.starts_with("u,t,linear,1,0123456789abcdef,\"{\"\"d\"\":64}\",a/a,")) << line;
  EXPECT_NE(line.find("\"a \"\"b\"\", c\""), std::string::npos);
  EXPECT_EQ(to_json(m).size(), size_t(std::count(header.begin(), header.end(), ',')) + 1);
}

TEST(Store, IdsAreFoundByTheirBeginning) {
  Folder f;
  Store store(f / "r.db");
  Measurement m = measurement("linear", "a/a");
  m.uuid = "abcd0000-0000-4000-8000-000000000001";
  store.add(m);
  RunRecord r;
  r.uuid = "abcd1000-0000-4000-8000-000000000001";
  store.add(r);
  EXPECT_EQ(std::get<RunRecord>(store.get("abcd1")).uuid, r.uuid);
  EXPECT_NE(error_of([&] { store.get("abcd"); }).find("beginning of several"), std::string::npos);
  EXPECT_NE(error_of([&] { store.get("abc"); }).find("at least the first 4"), std::string::npos);
  EXPECT_NE(error_of([&] { store.get("ffff"); }).find("no record 'ffff'"), std::string::npos);
  EXPECT_EQ(new_uuid().size(), 36u);
  EXPECT_NE(new_uuid(), new_uuid());
}

}  // namespace
}  // namespace fk::store
