// SPDX-License-Identifier: Apache-2.0
#include "core/engine/scheduler.hpp"

#include <gtest/gtest.h>

namespace fk::test {
namespace {

using core::Scheduled;
using core::Scheduler;
using core::Sequence;

struct Fixture {
  explicit Fixture(Scheduler::Limits l) : scheduler(l) {}

  Sequence* add(size_t prompt, int64_t max_len, bool score = false) {
    core::Request request;
    request.prompt.assign(prompt, 1);
    request.score = score;
    auto s = std::make_unique<Sequence>(next++, std::move(request));
    s->max_len = max_len;
    Sequence* p = s.get();
    scheduler.add(std::move(s));
    return p;
  }

  // One step as the engine does it: computes what is scheduled and appends a token where one is
  // due. "0:3 1:1" says that sequence 0 had three tokens and sequence 1 one.
  std::string step() {
    std::string text;
    for (const Scheduled& s : scheduler.schedule()) {
      text += (text.empty() ? "" : " ") + std::to_string(s.sequence->handle) + ":" +
              std::to_string(s.count);
      bool next_token = s.row >= 0;
      s.sequence->computed += s.count;
      if (next_token) s.sequence->tokens.push_back(2);
    }
    return text;
  }

  Scheduler scheduler;
  int64_t next = 0;
};

Scheduler::Limits roomy() {
  return {.num_blocks = 100,
          .block_size = 4,
          .num_slots = 0,
          .max_num_seqs = 8,
          .max_tokens = 8,
          .max_rows = 8};
}

TEST(Scheduler, LongPromptsGoInChunksBesideDecodes) {
  Fixture f(roomy());
  f.add(3, 50);
  EXPECT_EQ(f.step(), "0:3");
  f.add(20, 50);
  EXPECT_EQ(f.step(), "0:1 1:7");
  EXPECT_EQ(f.step(), "0:1 1:7");
  EXPECT_EQ(f.step(), "0:1 1:6");
  EXPECT_EQ(f.step(), "0:1 1:1");
}

TEST(Scheduler, AsManySequencesAsAllowedRunAtOnce) {
  auto l = roomy();
  l.max_num_seqs = 2;
  Fixture f(l);
  Sequence* first = f.add(1, 50);
  f.add(1, 50);
  f.add(1, 50);
  EXPECT_EQ(f.step(), "0:1 1:1");
  EXPECT_EQ(f.scheduler.waiting(), 1);
  f.scheduler.remove(first);
  EXPECT_EQ(f.step(), "1:1 2:1");
}

TEST(Scheduler, ABlockIsTakenOnlyWhenItsFirstTokenComes) {
  Fixture f(roomy());
  Sequence* s = f.add(4, 50);
  f.step();
  EXPECT_EQ(s->blocks.size(), 1u);
  f.step();
  EXPECT_EQ(s->blocks.size(), 2u);
}

TEST(Scheduler, TheYoungestGivesUpItsBlocksAndComesBackFirst) {
  auto l = roomy();
  l.num_blocks = 4;
  Fixture f(l);
  Sequence* old = f.add(4, 16);
  Sequence* young = f.add(4, 16);
  f.add(1, 16);
  EXPECT_EQ(f.step(), "0:4 1:4");  // a block each, and no tokens left for the third
  EXPECT_EQ(f.step(), "0:1 1:1");  // two blocks each; none left for the third
  for (int i = 0; i < 3; ++i) EXPECT_EQ(f.step(), "0:1 1:1");
  EXPECT_EQ(f.step(), "0:1");  // the old one needs a third block
  EXPECT_EQ(f.scheduler.preemptions(), 1);
  EXPECT_EQ(young->computed, 0);
  EXPECT_TRUE(young->blocks.empty());
  EXPECT_EQ(f.step(), "0:1");  // nine tokens of the young one need three blocks, one is free
  f.scheduler.remove(old);
  EXPECT_EQ(f.step(), "1:8");  // prompt and answer are computed again
  EXPECT_EQ(f.step(), "1:1 2:1");
}

TEST(Scheduler, SlotsAreLentToOneSequenceEach) {
  Fixture f({.num_blocks = 0,
             .block_size = 1,
             .num_slots = 2,
             .max_num_seqs = 4,
             .max_tokens = 16,
             .max_rows = 4});
  Sequence* a = f.add(2, 1000);
  Sequence* b = f.add(2, 1000);
  f.add(2, 1000);
  EXPECT_EQ(f.step(), "0:2 1:2");
  EXPECT_NE(a->slot, b->slot);
  int32_t freed = b->slot;
  f.scheduler.remove(b);
  Sequence* c = f.scheduler.find(2);
  EXPECT_EQ(f.step(), "0:1 2:2");
  EXPECT_EQ(c->slot, freed);
}

TEST(Scheduler, RowsOfLogitsBoundScoresAndSpareDecodes) {
  auto l = roomy();
  l.max_rows = 3;
  Fixture f(l);
  f.add(1, 50);
  EXPECT_EQ(f.step(), "0:1");
  f.add(6, 6, true);
  EXPECT_EQ(f.step(), "0:1 1:2");
  EXPECT_EQ(f.step(), "0:1 1:2");
}

TEST(Scheduler, ABatchKeepsItsIdAsLongAsTheSameDecode) {
  Fixture f(roomy());
  auto same = [&] {
    const int64_t id = f.scheduler.batch_id();
    f.step();
    return f.scheduler.batch_id() == id;
  };
  Sequence* first = f.add(1, 50);
  f.add(1, 7);
  EXPECT_FALSE(same());  // prompts
  EXPECT_FALSE(same());  // of one token each, but they decode only now
  EXPECT_TRUE(same());
  EXPECT_TRUE(same());
  f.add(2, 50);
  EXPECT_FALSE(same());  // somebody comes,
  EXPECT_FALSE(same());  // and decodes
  EXPECT_FALSE(same());  // the second one has its seven tokens
  EXPECT_TRUE(same());
  f.scheduler.remove(first);
  EXPECT_FALSE(same());
  EXPECT_TRUE(same());
}

TEST(Scheduler, APushedOutSequenceIsNotOfTheSameBatch) {
  auto l = roomy();
  l.num_blocks = 4;
  Fixture f(l);
  Sequence* old = f.add(4, 16);
  f.add(4, 16);
  for (int i = 0; i < 5; ++i) f.step();
  const int64_t id = f.scheduler.batch_id();
  EXPECT_EQ(f.step(), "0:1");
  EXPECT_NE(f.scheduler.batch_id(), id);
  f.scheduler.remove(old);
  const int64_t alone = f.scheduler.batch_id();
  EXPECT_EQ(f.step(), "1:8");
  EXPECT_NE(f.scheduler.batch_id(), alone);
}

TEST(Scheduler, NothingLeftIsAnEmptyStep) {
  Fixture f(roomy());
  EXPECT_TRUE(f.scheduler.schedule().empty());
  EXPECT_TRUE(f.scheduler.idle());
}

}  // namespace
}  // namespace fk::test
