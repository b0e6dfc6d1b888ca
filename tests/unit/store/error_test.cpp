// SPDX-License-Identifier: Apache-2.0
// What the store says when it cannot: the file, what was found, the way out.
#include <gtest/gtest.h>

#include <fstream>

#include "core/store/schema.hpp"
#include "tests/support/errors.hpp"
#include "tests/unit/store/helpers.hpp"

namespace fk::store {
namespace {

using test::error_of;
namespace fs = std::filesystem;

void expect_says(const std::string& said, const fs::path& file, const std::string& found,
                 const std::string& way_out = "FK_STORE") {
  EXPECT_TRUE(said.starts_with(file.string() + ":")) << said;
  EXPECT_NE(said.find(found), std::string::npos) << said;
  EXPECT_NE(said.find(way_out), std::string::npos) << said;
}

// What the body throws, in a process without root's rights to everything.
template <class F>
std::string error_as_nobody(F&& body) {
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) return "no pipe";
  const pid_t child = start([&] {
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(2);
    std::string text = "nothing was thrown";
    try {
      body();
    } catch (const core::Error& e) { text = e.text(); }
    if (write(pipe_ends[1], text.data(), text.size()) < 0) _exit(3);
  });
  close(pipe_ends[1]);
  std::string said;
  char buffer[4096];
  for (ssize_t n; (n = read(pipe_ends[0], buffer, sizeof buffer)) > 0;)
    said.append(buffer, size_t(n));
  close(pipe_ends[0]);
  EXPECT_EQ(wait_for(child), 0);
  return said;
}

TEST(StoreErrors, AnotherFile) {
  Folder f;
  std::ofstream(f / "text.db")
      << "this is a text file, long enough to be taken for a header, but no";
  expect_says(error_of([&] { Store(f / "text.db"); }), f / "text.db", "not an SQLite database");
  expect_says(error_of([&] { Store(f / "text.db", Store::Access::kRead); }), f / "text.db",
              "not an SQLite database");
  Database(f / "b.db", Database::Open::kWrite, std::chrono::seconds(1))
      .exec("CREATE TABLE bookmarks (url TEXT)");
  expect_says(error_of([&] { Store(f / "b.db"); }), f / "b.db", "database of another program");
  Database bookmarks(f / "b.db", Database::Open::kRead, std::chrono::seconds(1));
  EXPECT_EQ(bookmarks.text("PRAGMA journal_mode"), "delete");  // it was left as it was
}

TEST(StoreErrors, ANewerVersion) {
  Folder f;
  Store(f / "r.db").database().exec("PRAGMA user_version = 99");
  expect_says(error_of([&] { Store(f / "r.db"); }), f / "r.db", "has schema version 99, this fk");
  expect_says(error_of([&] { Store(f / "r.db", Store::Access::kRead); }), f / "r.db",
              "has schema version 99");
  Store store(f / "mine.db");
  expect_says(error_of([&] { store.import(f / "r.db"); }), f / "r.db", "has schema version 99");
}

TEST(StoreErrors, Locked) {
  Folder f;
  Store store(f / "r.db");
  Store::Batch writing(store);
  Store second(f / "r.db", Store::Access::kWrite, std::chrono::milliseconds(50));
  expect_says(error_of([&] { second.add(RunRecord{}); }), f / "r.db",
              "held the results store locked");
  EXPECT_EQ(second.find<RunRecord>().size(), 0u);  // who reads does not wait
}

TEST(StoreErrors, NothingThere) {
  Folder f;
  expect_says(error_of([&] { Store(f / "r.db", Store::Access::kRead); }), f / "r.db",
              "no results store there yet");
  EXPECT_FALSE(fs::exists(f / "r.db"));
  std::ofstream(f / "empty.db").flush();
  expect_says(error_of([&] { Store(f / "empty.db", Store::Access::kRead); }), f / "empty.db",
              "holds no results yet");
}

TEST(StoreErrors, ReadOnlyPlace) {
  Folder f;
  { Store(f / "r.db").add(measurement("linear", "a/a")); }
  fs::permissions(f / "r.db", fs::perms::owner_read | fs::perms::others_read);
  fs::permissions(f.path(), fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read |
                                fs::perms::others_exec);
  expect_says(error_as_nobody([&] { Store(f / "r.db"); }), f / "r.db", "can be written");
  expect_says(error_as_nobody([&] { Store(f / "new.db"); }), f / "new.db", "can be written");
  const std::string made = error_as_nobody([&] { Store(f / "folder/new.db"); });
  expect_says(made, f / "folder/new.db", "folder cannot be made: Permission denied");
  // Reading needs no right to write.
  EXPECT_EQ(error_as_nobody([&] {
              Store store(f / "r.db", Store::Access::kRead);
              if (store.find<Measurement>().size() != 1) core::bad_input("not one");
              core::bad_input("read");
            }),
            "read");
  fs::permissions(f.path(), fs::perms::owner_all);
}

TEST(StoreErrors, FullDisk) {
  Folder f;
  Store store(f / "r.db");
  store.database().exec("PRAGMA max_page_count = 20");
  const std::string said = error_of([&] {
    for (int i = 0; i < 1000; ++i) store.add(measurement("linear", "a/a"));
  });
  expect_says(said, f / "r.db", "the disk is full");
  EXPECT_EQ(store.database().text("PRAGMA integrity_check"), "ok");
}

TEST(StoreErrors, Damaged) {
  Folder f;
  {
    Store store(f / "r.db");
    for (int i = 0; i < 200; ++i) store.add(measurement("linear", "a/a"));
  }
  {
    std::fstream file(f / "r.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(40000, '\xee');
  }
  expect_says(error_of([&] {
                Store store(f / "r.db");
                store.find<Measurement>();
              }),
              f / "r.db", "damaged", ".recover");
}

}  // namespace
}  // namespace fk::store
