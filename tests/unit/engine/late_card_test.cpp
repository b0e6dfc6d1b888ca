// SPDX-License-Identifier: Apache-2.0
// The engine as it drives a card, graphs and two steps in flight, on one that does everything as
// late as it may.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/late_card/late_model.hpp"
#include "tests/unit/engine/tiny_llama.hpp"

namespace fk::test {
namespace {

using core::Completion;
using core::EngineOptions;
using core::Request;

EngineOptions late_options() {
  EngineOptions o;
  o.block_size = 4;
  o.num_blocks = 400;
  o.max_num_seqs = 8;
  o.max_num_batched_tokens = 64;
  o.max_model_len = 200;
  return o;
}

std::unique_ptr<core::CausalLm> late(const EngineOptions& options = late_options()) {
  return late_llama(options, std::make_shared<LateCard>());
}

std::vector<Request> requests(size_t count) {
  std::vector<Request> out;
  for (size_t i = 0; i < count; ++i) {
    out.push_back(tiny_request(tiny_prompt(i + 1, 1 + i * 7 % 23), int64_t(20 + i * 13 % 50)));
    if (i % 3 == 0) continue;
    core::SamplingParams& p = out.back().sampling;
    p.temperature = 0.5f + float(i) / 16, p.top_k = int32_t(i), p.top_p = 0.9f - float(i) / 64;
    p.min_p = float(i) / 128, p.seed = int64_t(i * 1000);
  }
  return out;
}

std::vector<Completion> alone(const std::vector<Request>& all) {
  EngineOptions o = late_options();
  o.max_num_seqs = 1;
  o.enforce_eager = true;
  o.async_scheduling = false;
  return complete(*late(o), all);
}

void expect_same(const std::vector<Completion>& got, const std::vector<Completion>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i].tokens, want[i].tokens) << i;
}

TEST(LateCard, ManyAtOnceGiveTheTokensOfOneAtATime) {
  const auto all = requests(30);
  expect_same(complete(*late(), all), alone(all));
}

TEST(LateCard, AFullCacheChangesNoToken) {
  const auto all = requests(12);
  EngineOptions o = late_options();
  o.num_blocks = 40;
  auto lm = late(o);
  expect_same(complete(*lm, all), alone(all));
  EXPECT_GT(lm->stats().preemptions, 0);
}

// Requests come, leave and are cancelled while others decode, with room for all and with too
// little: each gets the tokens that it gets alone, or as many of them as it had when it was
// cancelled.
TEST(LateCard, WhoeverComesAndGoesChangesNoTokenOfAnother) {
  const auto all = requests(40);
  const auto want = alone(all);
  for (const int64_t blocks : {400, 45}) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      EngineOptions o = late_options();
      o.num_blocks = blocks;
      auto lm = late(o);
      std::vector<int64_t> handles;
      uint64_t x = seed * 0x9e3779b97f4a7c15u;
      for (bool any = true; any || handles.size() < all.size();) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        for (uint64_t n = x % 8 ? 0 : 1 + x / 8 % 5; n && handles.size() < all.size(); --n)
          handles.push_back(lm->add(all[handles.size()]));
        if (x / 64 % 16 == 0 && !handles.empty()) lm->cancel(handles[x / 1024 % handles.size()]);
        any = lm->step();
      }
      const auto done = lm->take_finished();
      ASSERT_EQ(done.size(), all.size());
      size_t cancelled = 0;
      for (const Completion& c : done) {
        std::vector<int32_t> tokens = want[size_t(c.handle)].tokens;
        const bool cut = c.finish_reason == core::FinishReason::kCancelled;
        if (cut) tokens.resize(c.tokens.size());
        cancelled += cut;
        ASSERT_EQ(c.tokens, tokens) << "request " << c.handle << ", seed " << seed;
      }
      EXPECT_GT(cancelled, 0u);
      EXPECT_LT(cancelled, all.size());
      if (blocks < 400) { EXPECT_GT(lm->stats().preemptions, 0); }
    }
  }
}

// A place that one request leaves and another takes is not the same batch, though as many decode.
TEST(LateCard, ASuccessorInTheSamePlaceHasItsOwnSampling) {
  auto all = requests(8);
  for (Request& r : all) r.prompt.resize(1, 7), r.sampling.max_tokens = 40;
  const auto want = alone(all);
  EngineOptions o = late_options();
  o.max_num_seqs = 4;
  auto lm = late(o);
  for (size_t i = 0; i < 4; ++i) lm->add(all[i]);
  for (int i = 0; i < 12; ++i) lm->step();
  for (size_t i = 4; i < 8; ++i) {
    lm->cancel(int64_t(i) - 4);
    lm->add(all[i]);
    for (int k = 0; k < 5; ++k) lm->step();
  }
  lm->run();
  for (const Completion& c : lm->take_finished()) {
    if (c.handle >= 4) { EXPECT_EQ(c.tokens, want[size_t(c.handle)].tokens) << c.handle; }
  }
}

// What a driver would be asked to do: a copy up and one down, a graph, an event before and after
// it; a second copy up for the table in steps that begin a block.
TEST(LateCard, ABatchThatDecodesAgainTakesFiveCalls) {
  auto card = std::make_shared<LateCard>();
  auto lm = late_llama(late_options(), card);
  for (Request& r : requests(8)) {
    r.prompt.resize(8, 1);  // all begin blocks of four in the same steps
    r.sampling.max_tokens = 60;
    lm->add(r);
  }
  for (int i = 0; i < 8; ++i) lm->step();
  for (int round = 0; round < 5; ++round) {
    std::vector<int64_t> calls;
    for (int i = 0; i < 4; ++i) {
      const int64_t before = card->calls.all();
      lm->step();
      calls.push_back(card->calls.all() - before);
    }
    std::sort(calls.begin(), calls.end());
    EXPECT_EQ(calls, (std::vector<int64_t>{5, 5, 5, 6}));
  }
}

TEST(LateCard, ACallbackMayCancelAnyRequest) {
  auto all = requests(6);
  const auto want = alone(all);
  auto lm = late();
  int64_t seen = 0;
  for (Request& r : all) {
    r.on_token = [&](const core::TokenEvent& e) {
      if (!e.done && ++seen == 25) lm->cancel(1), lm->cancel(4);
      if (!e.done && seen == 60) lm->cancel(3);
      if (!e.done && seen > 60 && e.handle == 0) lm->cancel(0);  // itself
    };
    lm->add(r);
  }
  lm->run();
  const auto done = lm->take_finished();
  ASSERT_EQ(done.size(), all.size());
  for (const Completion& c : done) {
    std::vector<int32_t> tokens = want[size_t(c.handle)].tokens;
    const bool cut = c.handle < 2 || c.handle == 3 || c.handle == 4;
    EXPECT_EQ(c.finish_reason == core::FinishReason::kCancelled, cut) << c.handle;
    if (cut) tokens.resize(c.tokens.size());
    EXPECT_EQ(c.tokens, tokens) << c.handle;
  }
}

TEST(LateCard, ScoresAndLogitsComeBesideDecodes) {
  auto all = requests(6);
  for (Request& r : all) r.top_logits = 3;
  Request score;
  score.prompt = tiny_prompt(9, 40);
  score.score = true;
  score.in_chunks = 10;
  all.insert(all.begin() + 2, score);
  const auto want = alone(all);
  auto lm = late();
  for (int i = 0; i < 2; ++i) lm->add(all[size_t(i)]);
  for (int i = 0; i < 9; ++i) lm->step();
  for (size_t i = 2; i < all.size(); ++i) lm->add(all[i]);
  lm->run();
  for (const Completion& c : lm->take_finished()) {
    EXPECT_EQ(c.tokens, want[size_t(c.handle)].tokens) << c.handle;
    EXPECT_EQ(c.top_logits, want[size_t(c.handle)].top_logits) << c.handle;
    EXPECT_EQ(c.nll, want[size_t(c.handle)].nll) << c.handle;
  }
}

}  // namespace
}  // namespace fk::test
