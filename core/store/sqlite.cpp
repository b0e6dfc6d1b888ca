// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <thread>

#include "core/base/error.hpp"

namespace fk::store {
namespace fs = std::filesystem;
using core::bad_input;
using core::missing;

namespace {

// A path as a URI: only what SQLite would read as its own is escaped.
std::string uri(const fs::path& path, Database::Open open) {
  std::string out = "file:";
  for (char c : fs::absolute(path).string()) {
    if (c == '%' || c == '?' || c == '#')
      out += fmt::format("%{:02x}", int(static_cast<unsigned char>(c)));
    else
      out += c;
  }
  return out + (open == Database::Open::kWrite    ? ""
                : open == Database::Open::kFrozen ? "?immutable=1"
                                                  : "?mode=ro");
}

}  // namespace

Database::Database(const fs::path& path, Open open, std::chrono::milliseconds patience)
    : path_(path.string()), patience_(patience) {
  const int flags =
      open == Open::kWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  const int code = sqlite3_open_v2(uri(path, open).c_str(), &db_,
                                   flags | SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE, nullptr);
  try {
    if (code != SQLITE_OK) fail(code, "open");
    sqlite3_busy_timeout(db_, int(patience.count()));
  } catch (...) {
    sqlite3_close(db_);
    throw;
  }
}

Database::~Database() { sqlite3_close(db_); }

// In a folder that cannot be written WAL finds no place for its locks. Without a log nothing is
// missing from the file itself, and nobody writes it.
Database::Open Database::how_to_read(const fs::path& path) {
  std::error_code none;
  const fs::path log = path.string() + "-wal";
  const bool closed = ::access(fs::absolute(path).parent_path().c_str(), W_OK) != 0;
  return closed && !fs::exists(log, none) ? Open::kFrozen : Open::kRead;
}

Database::Other Database::attach(const fs::path& path) {
  Statement s(*this, "ATTACH DATABASE ?1 AS other");
  s.bind(1, uri(path, how_to_read(path)));
  s.step();
  return Other(*this);
}

Database::Other::~Other() {
  // What still reads keeps it attached; then it goes with the connection.
  sqlite3_exec(db_.db_, "DETACH DATABASE other", nullptr, nullptr, nullptr);
}

void Database::fail(int code, const std::string& doing) const {
  const std::string said = db_ ? sqlite3_errmsg(db_) : sqlite3_errstr(code);
  const int system = db_ ? sqlite3_system_errno(db_) : 0;
  const std::string why = system ? fmt::format("{} ({})", said, std::strerror(system)) : said;
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      missing(
          "{}: cannot {}: another process has held the results store locked for {:.1f} s; wait "
          "until it is done or end it, or name another store with FK_STORE",
          path_, doing, double(patience_.count()) / 1e3);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      missing(
          "{}: cannot {}: {}; the results store needs a file and a folder that can be written: "
          "name others with FK_STORE=/path/results.db",
          path_, doing, why);
    case SQLITE_FULL:
      missing("{}: cannot {}: the disk is full; make room, or name another store with FK_STORE",
              path_, doing);
    case SQLITE_NOTADB:
      bad_input(
          "{}: is no results store: not an SQLite database; move it away or name another file with "
          "FK_STORE",
          path_);
    case SQLITE_CORRUPT:
      bad_input(
          "{}: the results store is damaged ({}); move it away, a new one is begun; `sqlite3 FILE "
          ".recover` reads what is left",
          path_, why);
    case SQLITE_IOERR:
      missing("{}: cannot {}: {}; is the disk full or gone? FK_STORE names another store", path_,
              doing, why);
    case SQLITE_CONSTRAINT: bad_input("{}: cannot {}: {}", path_, doing, said);
    default:
      throw core::Error(core::Code::kCheckFailed,
                        fmt::format("{}: cannot {}: SQLite error {}: {}", path_, doing, code, why));
  }
}

void Database::exec(const std::string& sql) {
  const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code, "write");
}

void Database::exec_patiently(const std::string& sql) {
  const auto end = std::chrono::steady_clock::now() + patience_;
  for (;;) {
    const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) return;
    const int kind = code & 0xff;
    if ((kind != SQLITE_BUSY && kind != SQLITE_PROTOCOL) || std::chrono::steady_clock::now() > end)
      fail(code, "open");
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

int64_t Database::number(const std::string& sql) {
  Statement s(*this, sql);
  return s.step() ? s.integer(0) : 0;
}

std::string Database::text(const std::string& sql) {
  Statement s(*this, sql);
  return s.step() ? s.text(0) : "";
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

Statement::Statement(const Database& db, const std::string& sql) : db_(db) {
  const int code =
      sqlite3_prepare_v2(db.handle(), sql.data(), int(sql.size()), &statement_, nullptr);
  if (code != SQLITE_OK) db.fail(code, "read");
}

Statement::~Statement() { sqlite3_finalize(statement_); }

void Statement::bind(int place, std::string_view v) {
  const int code = sqlite3_bind_text(statement_, place, v.data(), int(v.size()), SQLITE_TRANSIENT);
  if (code != SQLITE_OK) db_.fail(code, "write");
}

void Statement::bind(int place, int64_t v) {
  const int code = sqlite3_bind_int64(statement_, place, v);
  if (code != SQLITE_OK) db_.fail(code, "write");
}

void Statement::bind(int place, double v) {
  if (!std::isfinite(v))
    return bind(place, std::string_view(std::isnan(v) ? "nan" : v > 0 ? "inf" : "-inf"));
  const int code = sqlite3_bind_double(statement_, place, v);
  if (code != SQLITE_OK) db_.fail(code, "write");
}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) db_.fail(code, sqlite3_stmt_readonly(statement_) ? "read" : "write");
  return false;
}

void Statement::reset() { sqlite3_reset(statement_); }

std::string Statement::text(int column) const {
  const auto* p = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return p ? std::string(p, size_t(sqlite3_column_bytes(statement_, column))) : std::string();
}

int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }

double Statement::real(int column) const {
  if (sqlite3_column_type(statement_, column) != SQLITE_TEXT)
    return sqlite3_column_double(statement_, column);
  const std::string t = text(column);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return t == "inf" ? kInfinity : t == "-inf" ? -kInfinity : std::nan("");
}

ReadTransaction::ReadTransaction(Database& db) : db_(db), own_(!db.in_transaction()) {
  if (own_) db_.exec("BEGIN");
}

ReadTransaction::~ReadTransaction() {
  if (own_ && db_.in_transaction()) sqlite3_exec(db_.handle(), "COMMIT", nullptr, nullptr, nullptr);
}

Transaction::Transaction(Database& db) : db_(db) { db_.exec("BEGIN IMMEDIATE"); }

Transaction::~Transaction() {
  // Some errors have rolled back already.
  if (open_ && db_.in_transaction())
    sqlite3_exec(db_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  db_.exec("COMMIT");
  open_ = false;
}

}  // namespace fk::store
