// SPDX-License-Identifier: Apache-2.0
// Many processes at once, and processes that end at any moment. FK_KILLS=10000 runs the long form.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <random>
#include <set>

#include "tests/unit/store/helpers.hpp"

namespace fk::store {
namespace {

std::set<std::string> ids_in(Store& store) {
  std::set<std::string> out;
  store.each<Measurement>({}, [&](const Measurement& m) { out.insert(m.uuid); });
  return out;
}

TEST(StoreProcesses, EightWritersLoseNothing) {
  Folder f;
  constexpr int kWriters = 8, kRecords = 60;
  std::vector<pid_t> writers;
  for (int w = 0; w < kWriters; ++w)
    writers.push_back(start([&] {
      Store store(f / "r.db");  // which all of them create
      for (int i = 0; i < kRecords; ++i)
        store.add(measurement("task" + std::to_string(w), "p/" + std::to_string(i)));
    }));
  for (pid_t w : writers) EXPECT_EQ(wait_for(w), 0);
  Store store(f / "r.db");
  std::set<std::pair<std::string, std::string>> seen;
  store.each<Measurement>({}, [&](const Measurement& m) {
    seen.insert({m.task, m.implementation});
  });
  EXPECT_EQ(seen.size(), size_t(kWriters * kRecords));
  EXPECT_EQ(ids_in(store).size(), size_t(kWriters * kRecords));
  EXPECT_EQ(store.database().text("PRAGMA integrity_check"), "ok");
}

// One makes the file while the others ask what it is.
TEST(StoreProcesses, ManyMakeOneFileAtOnce) {
  Folder f;
  for (int round = 0; round < 60; ++round) {
    const std::filesystem::path path = f / ("r" + std::to_string(round) + ".db").c_str();
    std::vector<pid_t> children;
    for (int i = 0; i < 4; ++i)
      children.push_back(start([&] { Store(path).add(measurement("linear", "a/a")); }));
    for (pid_t child : children) ASSERT_EQ(wait_for(child), 0) << round;
    EXPECT_EQ(Store(path).find<Measurement>().size(), 4u);
  }
}

// Two writers; the uuid of every record that add() returned goes down a pipe.
struct Writers {
  int ends[2];
  pid_t children[2];
  explicit Writers(const std::filesystem::path& path) {
    if (pipe(ends) != 0) abort();
    for (pid_t& child : children)
      child = start([&] {
        Store store(path);
        for (;;) {
          const std::string id = store.add(measurement("linear", "a/a"));
          if (write(ends[1], id.data(), id.size()) != ssize_t(id.size())) _exit(3);
        }
      });
    close(ends[1]);
  }
  std::vector<std::string> kill_all() {
    for (pid_t child : children) kill(child, SIGKILL);
    for (pid_t child : children) EXPECT_EQ(wait_for(child), -1);  // not before, by itself
    std::vector<std::string> ids;
    char id[36];
    size_t have = 0;
    for (ssize_t n; (n = read(ends[0], id + have, sizeof id - have)) > 0;)
      if ((have += size_t(n)) == sizeof id) ids.emplace_back(id, sizeof id), have = 0;
    close(ends[0]);
    return ids;
  }
};

TEST(StoreProcesses, KilledAtAnyMomentNothingCommittedIsLost) {
  const char* asked = std::getenv("FK_KILLS");
  const int rounds = asked ? std::atoi(asked) / 2 : 150;
  std::mt19937 random(std::random_device{}());
  Folder f;
  std::filesystem::path path;
  std::set<std::string> acknowledged;
  size_t records = 0, cut_short = 0;
  for (int round = 0; round < rounds; ++round) {
    // A new file now and then, so that its making is hit as well.
    const bool fresh = round % 10 == 0;
    if (fresh) path = f / ("r" + std::to_string(round) + ".db").c_str(), acknowledged.clear();
    Writers writers(path);
    usleep(unsigned(random() % (fresh ? 15'000 : 40'000)));
    for (const std::string& id : writers.kill_all()) {
      EXPECT_TRUE(acknowledged.insert(id).second);
      ++records;
    }
    Store store(path);
    const std::set<std::string> there = ids_in(store);
    // At most one record of each that was killed was committed and not yet told.
    EXPECT_LE(there.size(), acknowledged.size() + 2) << round;
    for (const std::string& id : acknowledged)
      ASSERT_TRUE(there.count(id)) << "lost in round " << round << ": " << id;
    cut_short += there.size() > acknowledged.size();
    acknowledged = there;
    ASSERT_EQ(store.database().text("PRAGMA integrity_check"), "ok") << round;
  }
  RecordProperty("records", int(records));
  RecordProperty("committed_and_untold", int(cut_short));
  EXPECT_GT(records, size_t(rounds));  // it did write
}

}  // namespace
}  // namespace fk::store
