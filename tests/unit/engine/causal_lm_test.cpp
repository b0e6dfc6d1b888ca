// SPDX-License-Identifier: Apache-2.0
#include "core/engine/causal_lm.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/support/errors.hpp"
#include "tests/unit/engine/tiny_llama.hpp"

namespace fk::test {
namespace {

using core::Completion;
using core::EngineOptions;
using core::FinishReason;
using core::Request;

std::vector<Request> mixed_requests() {
  std::vector<Request> r;
  for (size_t n : {1u, 5u, 33u, 17u, 64u, 8u, 100u}) {
    r.push_back(tiny_request(tiny_prompt(n, n), int64_t(10 + n % 7)));
    r.back().top_logits = 5;
    if (n % 2) {  // sampled ones as well: their draws belong to the request, not to the batch
      r.back().sampling.temperature = 0.9f;
      r.back().sampling.top_k = 40;
      r.back().sampling.seed = int64_t(n);
    }
  }
  return r;
}

void expect_same(const std::vector<Completion>& got, const std::vector<Completion>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].tokens, want[i].tokens) << "request " << i;
    ASSERT_EQ(got[i].top_logits.size(), want[i].top_logits.size());
    for (size_t k = 0; k < want[i].top_logits.size(); ++k) {
      EXPECT_EQ(got[i].top_logits[k].first, want[i].top_logits[k].first);
      EXPECT_NEAR(got[i].top_logits[k].second, want[i].top_logits[k].second, 1e-4);
    }
  }
}

// One request at a time, each prompt in one step.
const std::vector<Completion>& alone() {
  static const std::vector<Completion> want = [] {
    EngineOptions o = tiny_options();
    o.max_num_seqs = 1;
    o.max_num_batched_tokens = 256;
    return complete(*tiny_llama(o), mixed_requests());
  }();
  return want;
}

TEST(CausalLm, TextsDependOnThePrompt) {
  std::set<std::vector<int32_t>> texts;
  for (const Completion& c : alone()) texts.insert(c.tokens);
  EXPECT_EQ(texts.size(), alone().size());  // otherwise the tests below would prove nothing
}

TEST(CausalLm, ContinuousBatchingChangesNoToken) {
  expect_same(complete(*tiny_llama(), mixed_requests()), alone());
}

TEST(CausalLm, ChunksOfAPromptChangeNoToken) {
  for (int64_t chunk : {1, 3, 16}) {
    EngineOptions o = tiny_options();
    o.max_num_batched_tokens = chunk;
    expect_same(complete(*tiny_llama(o), mixed_requests()), alone());
  }
}

TEST(CausalLm, TheBlockSizeChangesNoToken) {
  for (int64_t block : {1, 5, 32, 256}) {
    EngineOptions o = tiny_options();
    o.block_size = block;
    expect_same(complete(*tiny_llama(o), mixed_requests()), alone());
  }
}

TEST(CausalLm, ThreadsChangeNoToken) {
  expect_same(complete(*tiny_llama(tiny_options(), 3), mixed_requests()), alone());
}

TEST(CausalLm, TheOrderOfArrivalChangesNoToken) {
  auto requests = mixed_requests();
  std::reverse(requests.begin(), requests.end());
  auto got = complete(*tiny_llama(), requests);
  std::reverse(got.begin(), got.end());
  expect_same(got, alone());
}

TEST(CausalLm, AFullCachePushesSequencesOutAndChangesNoToken) {
  std::vector<Request> requests;
  for (uint64_t i = 0; i < 6; ++i) {
    requests.push_back(tiny_request(tiny_prompt(i + 50, 8), 60));
    requests.back().sampling.temperature = i % 2 ? 0.9f : 0.0f;
  }
  auto want = complete(*tiny_llama(), requests);
  EngineOptions o = tiny_options();
  o.num_blocks = 24;  // 96 tokens, and four sequences that grow to 68
  auto lm = tiny_llama(o);
  expect_same(complete(*lm, requests), want);
  EXPECT_GT(lm->stats().preemptions, 0);
}

// As on a GPU: a step is launched while the tokens of the one before are still pending. Requests
// end at different steps, so that a pending token's row moves.
TEST(CausalLm, AStepAheadChangesNoToken) {
  for (int64_t seqs : {1, 3, 16}) {
    EngineOptions o = tiny_options();
    o.max_num_seqs = seqs;
    o.async_scheduling = true;
    expect_same(complete(*tiny_llama(o), mixed_requests()), alone());
  }
}

TEST(CausalLm, AStepAheadOfAFullCacheChangesNoToken) {
  std::vector<Request> requests;
  for (uint64_t i = 0; i < 6; ++i) {
    requests.push_back(tiny_request(tiny_prompt(i + 50, 8), 60));
    requests.back().sampling.temperature = i % 2 ? 0.9f : 0.0f;
  }
  const auto want = complete(*tiny_llama(), requests);
  EngineOptions o = tiny_options();
  o.num_blocks = 24;
  o.async_scheduling = true;
  auto lm = tiny_llama(o);
  expect_same(complete(*lm, requests), want);
  EXPECT_GT(lm->stats().preemptions, 0);
}

TEST(CausalLm, AStepAheadStopsWhereTheModelSays) {
  auto plain = complete(*tiny_llama(), mixed_requests());
  auto requests = mixed_requests();
  for (size_t i = 0; i < requests.size(); ++i)  // stop at the fourth token of every text
    requests[i].sampling.stop_ids = {plain[i].tokens[3]};
  const auto want = complete(*tiny_llama(), requests);
  EngineOptions o = tiny_options();
  o.async_scheduling = true;
  const auto got = complete(*tiny_llama(o), requests);
  expect_same(got, want);
  for (const Completion& c : got) EXPECT_EQ(c.finish_reason, FinishReason::kStop);
}

// Decode steps by one implementation, all others by another, on the same cache.
TEST(CausalLm, APhaseMayHaveAnImplementationOfItsOwn) {
  EngineOptions o = tiny_options();
  auto lm = tiny_llama(o, 1, {}, tiny_llama_init(), {"paged_attention:decode=reference"});
  expect_same(complete(*lm, mixed_requests()), alone());
  int split = 0;
  for (const core::Choice& c : lm->model().plan().choices) {
    if (c.task != "paged_attention") {
      EXPECT_EQ(c.decode, "") << c.path;
      continue;
    }
    ++split;
    EXPECT_EQ(c.implementation, "cpu/cpu");
    EXPECT_EQ(c.decode, "reference/reference");
    EXPECT_EQ(c.decode_reason, "pinned: paged_attention:decode=reference");
  }
  EXPECT_EQ(split, 2);
}

// What is written and read again is built again, phase by phase.
TEST(CausalLm, APlanKeepsItsPhases) {
  core::BuildOptions build;
  build.dry = true;
  build.dims = {{"num_blocks", 8}, {"block_size", 4}, {"num_slots", 2}};
  build.policy.pins.push_back(core::Pin::parse("paged_attention:decode=reference"));
  const auto first = core::Model::build(catalog(), nullptr, "llama", tiny_llama_init(), build);
  build.policy.pins.clear();
  build.replay =
      std::make_shared<core::Plan>(core::Plan::from_yaml(first->plan().to_yaml(), "plan.yaml"));
  const auto again = core::Model::build(catalog(), nullptr, "llama", tiny_llama_init(), build);
  EXPECT_EQ(again->plan().hash(), first->plan().hash());
}

TEST(CausalLm, RequestsMayComeWhileOthersRun) {
  auto lm = tiny_llama();
  auto requests = mixed_requests();
  lm->add(requests[4]);
  for (int i = 0; i < 3; ++i) lm->step();
  lm->add(requests[1]);
  lm->run();
  auto done = lm->take_finished();
  ASSERT_EQ(done.size(), 2u);
  for (const Completion& c : done) EXPECT_EQ(c.tokens, alone()[c.handle == 0 ? 4 : 1].tokens);
}

TEST(CausalLm, GreedyTakesTheLargestLogit) {
  for (const Completion& c : alone()) {
    if (c.prompt.size() % 2 == 0) { EXPECT_EQ(c.tokens[0], c.top_logits[0].first); }
  }
}

TEST(CausalLm, StopIdsEndATextAndAreTheLastToken) {
  const Completion& c = alone()[4];  // greedy
  Request r = tiny_request(c.prompt, 50);
  r.sampling.stop_ids = {c.tokens[3]};
  Completion got = complete(*tiny_llama(), {r})[0];
  size_t first =
      size_t(std::find(c.tokens.begin(), c.tokens.end(), c.tokens[3]) - c.tokens.begin());
  EXPECT_EQ(got.tokens,
            std::vector<int32_t>(c.tokens.begin(), c.tokens.begin() + int64_t(first) + 1));
  EXPECT_EQ(got.finish_reason, FinishReason::kStop);
}

TEST(CausalLm, TheModelsOwnStopIdsCanBeIgnored) {
  const Completion& c = alone()[4];
  core::TextOptions text;
  text.stop_ids = {c.tokens[0]};
  Request r = tiny_request(c.prompt, int64_t(c.tokens.size()));
  EXPECT_EQ(complete(*tiny_llama(tiny_options(), 1, text), {r})[0].tokens.size(), 1u);
  r.sampling.ignore_eos = true;
  EXPECT_EQ(complete(*tiny_llama(tiny_options(), 1, text), {r})[0].tokens, c.tokens);
}

TEST(CausalLm, StopStringsCutTheTextAndStreamsJoinToIt) {
  core::TextOptions text;
  text.tokenizer = byte_tokenizer();
  Request r = tiny_request(alone()[4].prompt, 40);
  auto lm = tiny_llama(tiny_options(), 1, text);
  std::string full = complete(*lm, {r})[0].text;
  ASSERT_GE(full.size(), 8u);
  std::string stop = full.substr(4, 3), streamed;
  r.sampling.stop_strings = {stop};
  bool done = false;
  r.on_token = [&](const core::TokenEvent& e) {
    streamed += e.text;
    done = e.done;
  };
  Completion c = complete(*lm, {r})[0];
  EXPECT_EQ(c.text, full.substr(0, full.find(stop)));
  EXPECT_EQ(c.finish_reason, FinishReason::kStop);
  EXPECT_EQ(streamed, c.text);
  EXPECT_TRUE(done);
}

TEST(CausalLm, TheContextEndsAText) {
  EngineOptions o = tiny_options();
  o.max_model_len = 20;
  Completion c = complete(*tiny_llama(o), {tiny_request(tiny_prompt(1, 15), 1000)})[0];
  EXPECT_EQ(c.tokens.size(), 5u);
  EXPECT_EQ(c.finish_reason, FinishReason::kLength);
}

TEST(CausalLm, ACancelledRequestFreesItsPlace) {
  EngineOptions o = tiny_options();
  o.max_num_seqs = 1;
  auto lm = tiny_llama(o);
  int64_t first = lm->add(tiny_request(tiny_prompt(1, 5), 200));
  lm->add(tiny_request(alone()[5].prompt, int64_t(alone()[5].tokens.size())));
  for (int i = 0; i < 4; ++i) lm->step();
  lm->cancel(first);
  lm->run();
  auto done = lm->take_finished();
  ASSERT_EQ(done.size(), 2u);
  EXPECT_EQ(done[0].finish_reason, FinishReason::kCancelled);
  EXPECT_EQ(done[0].tokens.size(), 4u);
  EXPECT_EQ(done[1].tokens, alone()[5].tokens);
}

TEST(CausalLm, AScoreIsTheSumOverThePrompt) {
  std::vector<int32_t> text = tiny_prompt(3, 90);
  Request r;
  r.prompt = text;
  r.score = true;
  double nll = complete(*tiny_llama(), {r})[0].nll;
  // The same, token by token, from all logits at the end of every prefix.
  auto lm = tiny_llama();
  double want = 0;
  for (size_t n = 1; n < text.size(); n += 1) {
    Request prefix = tiny_request({text.begin(), text.begin() + int64_t(n)}, 1);
    prefix.top_logits = 260;
    Completion c = complete(*lm, {prefix})[0];
    double sum = 0, value = 0;
    for (auto [id, logit] : c.top_logits) {
      sum += std::exp(double(logit) - c.top_logits[0].second);
      if (id == text[n]) value = double(logit) - c.top_logits[0].second;
    }
    want -= value - std::log(sum);
  }
  EXPECT_NEAR(nll, want, 1e-4 * want);
  EngineOptions small = tiny_options();
  small.max_num_batched_tokens = 7;
  EXPECT_NEAR(complete(*tiny_llama(small), {r})[0].nll, want, 1e-4 * want);
}

TEST(CausalLm, AScoreGivesTheLogitsOfEveryPositionInChunksAndOneByOne) {
  Request r;
  r.prompt = tiny_prompt(3, 40);
  r.score = true;
  std::vector<std::vector<float>> rows[2];
  std::vector<int64_t> positions;
  for (bool chunks : {true, false}) {
    auto lm = tiny_llama();
    if (!chunks) r.in_chunks = 10;
    r.on_logits = [&](int64_t position, std::span<const float> row) {
      rows[chunks].emplace_back(row.begin(), row.end());
      positions.push_back(position);
    };
    complete(*lm, {r});
    EXPECT_EQ(lm->stats().steps, chunks ? 1 : 1 + 30);
  }
  ASSERT_EQ(rows[0].size(), 40u);
  ASSERT_EQ(rows[1].size(), 40u);
  for (size_t i = 0; i < positions.size(); ++i) EXPECT_EQ(positions[i], int64_t(i % 40));
  for (size_t i = 0; i < 40; ++i) {
    // What a plain request sees at the end of the same prefix.
    Request prefix = tiny_request({r.prompt.begin(), r.prompt.begin() + int64_t(i) + 1}, 1);
    prefix.top_logits = 1;
    const auto top = complete(*tiny_llama(), {prefix})[0].top_logits[0];
    for (bool chunks : {true, false}) {
      ASSERT_EQ(rows[chunks][i].size(), 260u);
      EXPECT_NEAR(rows[chunks][i][size_t(top.first)], top.second, 1e-4) << i;
    }
  }
}

TEST(CausalLm, ScoresAndTextsShareSteps) {
  Request r;
  r.prompt = tiny_prompt(3, 90);
  r.score = true;
  double nll = complete(*tiny_llama(), {r})[0].nll;
  auto requests = mixed_requests();
  requests.insert(requests.begin() + 2, r);
  auto got = complete(*tiny_llama(), requests);
  EXPECT_NEAR(got[2].nll, nll, 1e-4 * nll);
  got.erase(got.begin() + 2);
  expect_same(got, alone());
}

TEST(CausalLm, RequestsThatCannotBeAreRefused) {
  auto lm = tiny_llama();
  auto refused = [&](Request r) {
    r.id = "a";
    return error_of([&] { lm->add(r); });
  };
  EXPECT_EQ(refused(tiny_request({}, 1)),
            "request 'a': the prompt is empty; a model needs at least one token to go on from");
  EXPECT_EQ(refused(tiny_request(tiny_prompt(1, 256), 1)),
            "request 'a': the prompt has 256 tokens and the context holds 256 (one of them for the "
            "answer); shorten the prompt or raise "
            "max_model_len");
  EXPECT_EQ(refused(tiny_request({3, 260}, 1)),
            "request 'a': token id 260 at position 1 lies outside the vocabulary of 260");
  EXPECT_EQ(refused(tiny_request({3, -1}, 1)),
            "request 'a': token id -1 at position 1 lies outside the vocabulary of 260");
  EXPECT_EQ(refused(tiny_request({3}, 0)),
            "request 'a': max_tokens must lie between 1 and 2147483647, found 0");
  Request r = tiny_request({3}, 1);
  r.sampling.top_p = 1.5f;
  EXPECT_EQ(refused(r), "request 'a': top_p must lie between 0 and 1, found 1.5");
  r = tiny_request({3}, 1);
  r.sampling.temperature = NAN;
  EXPECT_EQ(refused(r), "request 'a': temperature must lie between 0 and 100, found nan");
}

TEST(CausalLm, AnEngineWhoseCacheIsSmallerThanTheModelsContextSaysSo) {
  core::EngineOptions o = tiny_options();
  o.num_blocks = 5;  // 20 tokens; a block is 4 tokens of 2 layers, 2 heads of 8, k and v in float32
  auto lm = tiny_llama(o);
  EXPECT_EQ(lm->context(), 20);
  Request r = tiny_request(tiny_prompt(1, 40), 1);
  r.id = "a";
  EXPECT_EQ(error_of([&] { lm->add(r); }),
            "request 'a': the prompt has 40 tokens and needs 11 KV cache blocks of 4 tokens "
            "(11.00 KiB), the cache has 5 (5.00 KiB); use a larger --num-blocks (on a GPU a larger "
            "--gpu-memory-utilization) or shorten the prompt");
  r.prompt = tiny_prompt(1, 300);
  EXPECT_EQ(error_of([&] { lm->add(r); }),
            "request 'a': the prompt has 300 tokens and the context holds 20 (one of them for the "
            "answer); shorten the prompt or raise max_model_len");
  EXPECT_EQ(complete(*lm, {tiny_request(tiny_prompt(1, 19), 9)})[0].tokens.size(), 1u);
}

TEST(CausalLm, ATaskOfAnotherInterfaceIsRefused) {
  EXPECT_EQ(error_of([&] {
              core::CausalLm::build(catalog(), nullptr, "silu_and_mul", Json::object(), {}, {}, {});
            }),
            "task 'silu_and_mul' has interface '' and step ''; the causal_lm engine drives tasks "
            "of `interface: causal_lm` and `step: "
            "batch_step`");
}

}  // namespace
}  // namespace fk::test
