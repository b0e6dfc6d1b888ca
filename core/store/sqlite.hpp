// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace fk::store {

// A connection to one SQLite file. Whatever SQLite has to say becomes an Error with the file, what
// was found and the way out. One thread; not to be carried across fork().
class Database {
 public:
  // kFrozen: a file that nobody writes, in a place where SQLite cannot keep its locks.
  enum class Open { kWrite, kRead, kFrozen };
  static Open how_to_read(const std::filesystem::path&);
  Database(const std::filesystem::path&, Open, std::chrono::milliseconds patience);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void exec(const std::string& sql);
  int64_t number(const std::string& sql);  // the first column of the first row; 0 without one
  std::string text(const std::string& sql);
  // A second file, read only, under the name `other` while the result lives.
  class Other {
   public:
    explicit Other(Database& db) : db_(db) {}
    ~Other();
    Other(const Other&) = delete;

   private:
    Database& db_;
  };
  [[nodiscard]] Other attach(const std::filesystem::path&);
  // For what SQLite itself does not wait for: the change to WAL, first recovery.
  void exec_patiently(const std::string& sql);
  bool in_transaction() const;

  const std::string& path() const { return path_; }
  sqlite3* handle() const { return db_; }
  [[noreturn]] void fail(int code, const std::string& doing) const;

 private:
  std::string path_;
  std::chrono::milliseconds patience_;
  sqlite3* db_ = nullptr;
};

// One prepared statement; places are counted from 1, columns from 0.
class Statement {
 public:
  Statement(const Database&, const std::string& sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void bind(int place, std::string_view);
  void bind(int place, int64_t);
  // NaN and infinities as text: SQLite would make NaN a NULL.
  void bind(int place, double);
  bool step();  // whether there is a row
  void reset();

  std::string text(int column) const;
  int64_t integer(int column) const;
  double real(int column) const;

 private:
  const Database& db_;
  sqlite3_stmt* statement_ = nullptr;
};

// Takes the right to write at once, so that no work is done twice; rolls back unless committed.
class Transaction {
 public:
  explicit Transaction(Database&);
  ~Transaction();
  void commit();

 private:
  Database& db_;
  bool open_ = true;
};

// All that is read while it lives is of one moment; nothing where a transaction is open already.
class ReadTransaction {
 public:
  explicit ReadTransaction(Database&);
  ~ReadTransaction();
  ReadTransaction(const ReadTransaction&) = delete;

 private:
  Database& db_;
  const bool own_;
};

}  // namespace fk::store
