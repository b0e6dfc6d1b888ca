// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "core/store/records.hpp"
#include "core/store/sqlite.hpp"

namespace fk::store {

// $FK_STORE, else $XDG_DATA_HOME/fastkernels/results.db, else
// ~/.local/share/fastkernels/results.db.
std::filesystem::path default_path();

// Which records; empty means any. A field that a record has not got matches nothing.
struct Filter {
  std::string task, case_id;   // a case: and all below it, as x/float16 is below x
  std::string implementation;  // plugin/name, or all of a plugin
  std::string hash;            // a prefix, of the plugin's hash or the plan's
  std::string since;           // a time or a beginning of one: "2026-11-21"
  int64_t limit = -1;          // the newest so many
};

// Every measurement, verdict, plan and run, for ever: records are added, never changed. What
// add() has returned survives the end of the process and of the machine at any moment. Any number
// of processes may read and write at once; one Store is for one thread and not for both sides of a
// fork(). All throw Error.
class Store {
 public:
  enum class Access { kRead, kWrite };
  // kWrite creates what is not there, with its folders, and brings an older store to this version.
  explicit Store(const std::filesystem::path&, Access = Access::kWrite,
                 std::chrono::milliseconds patience = std::chrono::seconds(20));

  // The uuid; committed when it returns, unless a batch is open.
  std::string add(Record);

  // Several records or none.
  class Batch {
   public:
    explicit Batch(Store& s) : transaction_(*s.db_) {}
    void commit() { transaction_.commit(); }

   private:
    Transaction transaction_;
  };

  // Oldest first.
  template <class Row>
  void each(const Filter&, const std::function<void(const Row&)>&);
  template <class Row>
  std::vector<Row> find(const Filter& f = {}) {
    std::vector<Row> out;
    each<Row>(f, [&](const Row& r) { out.push_back(r); });
    return out;
  }
  // By uuid or a beginning of one of at least 4 characters. Throws Error kMissing for none, and
  // kBadInput for several.
  Record get(const std::string& uuid);

  // Takes over every record of another store that this one lacks: again is no change. Refuses a
  // store with the same uuid and other content. The other file is not written.
  struct Imported {
    std::string table;
    int64_t added = 0, known = 0;
  };
  std::vector<Imported> import(const std::filesystem::path&);

  const std::string& path() const { return db_->path(); }
  Database& database() { return *db_; }

 private:
  template <class Row>
  std::string insert(Row);
  std::unique_ptr<Database> db_;
};

std::string new_uuid();                         // version 4
std::string short_id(const std::string& uuid);  // its beginning, for people
std::string now_utc();                          // "2026-11-21T22:03:51.123Z"

}  // namespace fk::store
