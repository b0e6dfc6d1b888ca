// SPDX-License-Identifier: Apache-2.0
#include "core/store/store.hpp"

#include <pwd.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <type_traits>

#include "core/base/error.hpp"
#include "core/store/schema.hpp"

namespace fk::store {
namespace fs = std::filesystem;
using core::bad_input;
using core::missing;

namespace {

std::unique_ptr<Database> open_to_write(const fs::path& path, std::chrono::milliseconds patience) {
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  if (error)
    missing("{}: the folder cannot be made: {}; name another place with FK_STORE=/path/results.db",
            path.string(), error.message());
  auto db = std::make_unique<Database>(path, Database::Open::kWrite, patience);
  refuse_unreadable(*db, db->path());
  // WAL: who reads never waits for who writes. FULL: a commit outlives a power cut, too.
  db->exec_patiently("PRAGMA journal_mode = WAL");
  db->exec("PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF");
  migrate(*db);
  return db;
}

std::unique_ptr<Database> open_to_read(const fs::path& path, std::chrono::milliseconds patience) {
  if (!fs::exists(path))
    missing("{}: no results store there yet; FK_STORE names another", path.string());
  auto db = std::make_unique<Database>(path, Database::how_to_read(path), patience);
  const Schema s = refuse_unreadable(*db, db->path());
  if (s.kind == Schema::Kind::kEmpty)
    missing("{}: holds no results yet; FK_STORE names another store", path.string());
  if (s.version < kSchemaVersion)
    missing(
        "{}: has schema version {}, this fk reads {}; `fk results import` takes it into a "
        "store of this version",
        db->path(), s.version, kSchemaVersion);
  return db;
}

void bind_field(Statement& s, int place, const std::string& v) { s.bind(place, v); }
void bind_field(Statement& s, int place, int64_t v) { s.bind(place, v); }
void bind_field(Statement& s, int place, bool v) { s.bind(place, int64_t(v)); }
void bind_field(Statement& s, int place, double v) { s.bind(place, v); }
void bind_field(Statement& s, int place, const Json& v) {
  s.bind(place, v.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void read_field(const Statement& s, int column, std::string& v) { v = s.text(column); }
void read_field(const Statement& s, int column, int64_t& v) { v = s.integer(column); }
void read_field(const Statement& s, int column, bool& v) { v = s.integer(column) != 0; }
void read_field(const Statement& s, int column, double& v) { v = s.real(column); }
void read_field(const Statement& s, int column, Json& v) {
  v = Json::parse(s.text(column), nullptr, false);
}

template <class Row>
std::string columns(const char* mark) {
  std::string out;
  Row row;
  fields(row, [&](const char* name, auto&) {
    out += out.empty() ? "" : ", ";
    out += *mark ? mark : name;
  });
  return out;
}

template <class Row>
Row row_of(const Statement& s) {
  Row row;
  int column = 0;
  fields(row, [&](const char*, auto& v) { read_field(s, column++, v); });
  return row;
}

template <class Row>
bool has(const std::string& field) {
  bool found = false;
  Row row;
  fields(row, [&](const char* name, auto&) { found |= field == name; });
  return found;
}

// What LIKE and GLOB would take for patterns is text here.
struct Condition {
  std::string sql, value;
};

template <class Row>
std::vector<Condition> conditions(const Filter& f) {
  std::vector<Condition> out;
  auto add = [&](const char* field, const char* test, const std::string& value) {
    if (value.empty()) return;
    if (!has<Row>(field)) return out.push_back({"?1 IS NULL", value});
    out.push_back({fmt::format(fmt::runtime(test), fmt::arg("f", field)), value});
  };
  const char* const kPrefix = "substr({f}, 1, length(?1)) = ?1";
  add("task", "{f} = ?1", f.task);
  const char* const kBelow = "({f} = ?1 OR substr({f}, 1, length(?1) + 1) = ?1 || '/')";
  add("implementation", kBelow, f.implementation);
  add(has<Row>("hash") ? "hash" : "plan_hash", kPrefix, f.hash);
  add("case_id", f.case_id.ends_with('/') ? kPrefix : kBelow, f.case_id);
  add("time", "{f} >= ?1", f.since);
  return out;
}

// The numbered parameter of each condition becomes one of its own.
std::string numbered(std::string sql, size_t place) {
  for (size_t at = 0; (at = sql.find("?1", at)) != sql.npos;)
    sql.replace(at, 2, "?" + std::to_string(place)), at += 2;
  return sql;
}

template <class Row>
void get_like(const Database& db, const std::string& uuid, std::vector<Record>& found) {
  // A range uses the index.
  Statement s(db, fmt::format("SELECT {} FROM {} WHERE uuid >= ?1 AND uuid < ?1 || 'g' LIMIT 3",
                              columns<Row>(""), Row::kTable));
  s.bind(1, uuid);
  while (s.step()) found.push_back(row_of<Row>(s));
}

}  // namespace

fs::path default_path() {
  const auto env = [](const char* name) {
    const char* v = std::getenv(name);
    return v && *v ? fs::path(v) : fs::path();
  };
  if (fs::path p = env("FK_STORE"); !p.empty()) return fs::absolute(p);
  const fs::path file = fs::path("fastkernels") / "results.db";
  if (fs::path p = env("XDG_DATA_HOME"); !p.empty()) return fs::absolute(p) / file;
  if (fs::path p = env("HOME"); !p.empty()) return p / ".local" / "share" / file;
  if (const passwd* user = getpwuid(getuid()))
    return fs::path(user->pw_dir) / ".local" / "share" / file;
  missing("no folder for the results store: set FK_STORE=/path/results.db");
}

std::string new_uuid() {
  std::array<uint8_t, 16> b;
  size_t have = 0;
  while (have < b.size()) {
    const ssize_t n = getrandom(b.data() + have, b.size() - have, 0);
    if (n > 0) have += size_t(n);
  }
  b[6] = uint8_t((b[6] & 0x0f) | 0x40);
  b[8] = uint8_t((b[8] & 0x3f) | 0x80);
  std::string out;
  for (size_t i = 0; i < b.size(); ++i)
    out += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
  return out;
}

std::string short_id(const std::string& uuid) { return uuid.substr(0, 8); }

std::string now_utc() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  std::tm tm{};
  gmtime_r(&now.tv_sec, &tm);
  char text[32];
  const size_t n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
  return fmt::format("{}.{:03}Z", std::string(text, n), now.tv_nsec / 1'000'000);
}

Store::Store(const fs::path& path, Access access, std::chrono::milliseconds patience)
    : db_(access == Access::kWrite ? open_to_write(path, patience) : open_to_read(path, patience)) {
}

template <class Row>
std::string Store::insert(Row row) {
  if (row.uuid.empty()) row.uuid = new_uuid();
  if (row.time.empty()) row.time = now_utc();
  Statement s(*db_, fmt::format("INSERT INTO {} ({}) VALUES ({})", Row::kTable, columns<Row>(""),
                                columns<Row>("?")));
  int place = 0;
  fields(row, [&](const char*, const auto& v) { bind_field(s, ++place, v); });
  s.step();
  return row.uuid;
}

std::string Store::add(Record record) {
  return std::visit([&](auto& row) { return insert(std::move(row)); }, record);
}

template <class Row>
void Store::each(const Filter& f, const std::function<void(const Row&)>& seen) {
  std::string where;
  const std::vector<Condition> all = conditions<Row>(f);
  for (size_t i = 0; i < all.size(); ++i)
    where += (i ? " AND " : " WHERE ") + numbered(all[i].sql, i + 1);
  // The newest, in the order in which they came.
  Statement s(*db_, fmt::format("SELECT * FROM (SELECT {0}, seq FROM {1}{2} ORDER BY seq DESC "
                                "LIMIT {3}) ORDER BY seq",
                                columns<Row>(""), Row::kTable, where, f.limit));
  for (size_t i = 0; i < all.size(); ++i) s.bind(int(i) + 1, all[i].value);
  while (s.step()) seen(row_of<Row>(s));
}
template void Store::each(const Filter&, const std::function<void(const Measurement&)>&);
template void Store::each(const Filter&, const std::function<void(const Verdict&)>&);
template void Store::each(const Filter&, const std::function<void(const PlanRecord&)>&);
template void Store::each(const Filter&, const std::function<void(const RunRecord&)>&);

Record Store::get(const std::string& uuid) {
  if (uuid.size() < 4) bad_input("'{}': give at least the first 4 characters of the id", uuid);
  std::vector<Record> found;
  get_like<Measurement>(*db_, uuid, found);
  get_like<Verdict>(*db_, uuid, found);
  get_like<PlanRecord>(*db_, uuid, found);
  get_like<RunRecord>(*db_, uuid, found);
  if (found.empty())
    missing("{}: no record '{}'; `fk results` lists what there is", db_->path(), uuid);
  if (found.size() > 1) bad_input("'{}' is the beginning of several ids: give more of it", uuid);
  return found[0];
}

}  // namespace fk::store
