// SPDX-License-Identifier: Apache-2.0
// Workloads of whole models: how they are written, what is counted, what a step costs.
#include <gtest/gtest.h>

#include "core/base/error.hpp"
#include "core/engine/workload_runner.hpp"
#include "tests/unit/engine/tiny_llama.hpp"

namespace fk::test {
namespace {

using core::BatchTime;
using core::parse_workloads;
using core::Workload;

std::string refused(const std::string& list) {
  try {
    parse_workloads(list);
  } catch (const core::Error& e) { return e.text(); }
  return "";
}

core::WorkloadRunner runner_of(core::CausalLm& lm, core::WorkloadRunner::Options o = {}) {
  return core::WorkloadRunner(lm, registry(), {FK_FLOAT, 32, 1}, std::move(o));
}

TEST(Workload, ATextSaysEverything) {
  const auto w = parse_workloads("steps:32x1024:32-160,long:131072,latency:512/128,prefill:8");
  ASSERT_EQ(w.size(), 4u);
  EXPECT_EQ(w[0].requests, 32);
  EXPECT_EQ(w[0].prompt, 1024);
  EXPECT_EQ(w[0].fewer, 32);
  EXPECT_EQ(w[0].tokens, 160);
  EXPECT_EQ(w[1].prompt, 131072 - 128);
  EXPECT_EQ(w[1].tokens, 128);
  EXPECT_EQ(w[2].tokens, 128);
  EXPECT_EQ(w[3].tokens, 1);
  EXPECT_EQ(w[3].repeats, 9);
  EXPECT_FALSE(w[3].optional);
}

TEST(Workload, AKindAloneIsAllItsDefaults) {
  EXPECT_EQ(parse_workloads("").size(), core::default_workloads().size());
  const auto w = parse_workloads("throughput");
  ASSERT_EQ(w.size(), 3u);
  for (const Workload& t : w) {
    EXPECT_GE(t.requests, 1000);
    EXPECT_TRUE(t.optional);
  }
}

TEST(Workload, WhatIsNoneIsRefused) {
  EXPECT_EQ(refused("stps:1x2:3-4"),
            "--workload stps:1x2:3-4: unknown kind 'stps' (did you mean 'steps'?); expected some "
            "of throughput, steps, prefill, long, latency");
  EXPECT_EQ(refused("steps:1x2"),
            "--workload steps:1x2: expected steps:#x#:#-# with numbers from 1, e.g. "
            "steps:32x1024:32-160");
  EXPECT_EQ(refused("prefill:0"),
            "--workload prefill:0: expected prefill:# with numbers from 1, e.g. prefill:8192");
  EXPECT_EQ(refused("steps:1x2:4-4"),
            "--workload steps:1x2:4-4: the second number of new tokens must be larger than the "
            "first");
  EXPECT_EQ(refused(","), "--workload ,: the list is empty");
}

TEST(Workload, TokensAndStepsAddUp) {
  auto lm = tiny_llama();
  auto runner = runner_of(*lm);
  Workload w = parse_workloads("throughput:16/8")[0];
  w.requests = 6;
  const auto r = runner.run(w);
  ASSERT_EQ(r.runs.size(), 1u);
  const BatchTime& b = r.runs[0];
  EXPECT_EQ(b.prompt_tokens, 6 * 16);
  EXPECT_EQ(b.generated_tokens, 6 * 8);
  EXPECT_EQ(b.steps, 2 * 8);  // four sequences run at once
  EXPECT_EQ(b.preemptions, 0);
  EXPECT_EQ(b.ttft_ms.size(), 6u);
  EXPECT_EQ(b.itl_ms.size(), 6u * 7);
  EXPECT_GT(b.seconds, 0);
  EXPECT_LE(b.wait_seconds + b.device_seconds, b.step_seconds);
  EXPECT_LE(b.step_seconds, b.seconds);
  EXPECT_TRUE(b.decode_host_us.empty()) << "two at a time wait";
  w.requests = 4;
  const auto all = runner.run(w);
  EXPECT_EQ(all.runs[0].decode_host_us.size(), 7u);
  for (double us : all.runs[0].decode_host_us) EXPECT_GE(us, 0);
}

TEST(Workload, StepsAreMeasuredWithFewerAndMoreTokens) {
  auto lm = tiny_llama();
  auto runner = runner_of(*lm);
  const auto r = runner.run(parse_workloads("steps:2x16:4-12")[0]);
  ASSERT_EQ(r.runs.size(), 3u);
  ASSERT_EQ(r.fewer.size(), 3u);
  for (const BatchTime& b : r.runs) EXPECT_EQ(b.steps, 12);
  for (const BatchTime& b : r.fewer) EXPECT_EQ(b.steps, 4);
}

TEST(Workload, ArrivalsTakeTheirTime) {
  auto lm = tiny_llama();
  core::WorkloadRunner::Options o;
  o.rate = 200;
  auto runner = runner_of(*lm, o);
  Workload w = parse_workloads("latency:8/4")[0];
  w.requests = 20;
  const BatchTime b = runner.run(w).runs[0];
  EXPECT_EQ(b.generated_tokens, 80);
  EXPECT_GT(b.seconds, 0.02);  // 19 gaps of 5 ms on average
  for (double t : b.ttft_ms) EXPECT_GT(t, 0);
}

TEST(Workload, WhatDoesNotFitSaysWhy) {
  auto lm = tiny_llama();
  auto runner = runner_of(*lm);
  auto reason = [&](const char* text) {
    return runner.refusal(parse_workloads(text)[0]).value_or("");
  };
  EXPECT_EQ(reason("long:256"), "");
  EXPECT_EQ(reason("long:8192"), "needs a context of 8192 tokens, the engine has 256");
  EXPECT_EQ(reason("steps:5x8:1-2"), "needs 5 sequences at once, max_num_seqs is 4");
  EXPECT_EQ(reason("steps:4x200:1-40"), "needs 240 blocks of KV cache, there are 128");
}

TEST(StepCost, IsTheRegistrysSumOverLayersAndHead) {
  auto lm = tiny_llama();
  const core::CostModel costs(registry(), lm->model().plan(), {FK_FLOAT, 32, 1});
  // A decode step of two sequences that hold 10 and 20 keys.
  const core::StepCost c = costs.of({2, 2, 2, 30, 30});
  const double hidden = 32, inner = 48, heads = 4, kv = 2, dim = 8, vocab = 260, n = 2, layers = 2;
  const double layer_weights =
      hidden * (heads + 2 * kv) * dim + heads * dim * hidden + 3 * hidden * inner + 2 * hidden;
  const double layer = 4 * n * hidden * 4 + layer_weights * 4 + 2 * 30 * kv * dim * 4;
  const double ends = n * 4 + 2 * n * hidden * 4 + 2 * n * hidden * 4 + n * hidden * 4 +
                      n * vocab * 4 + vocab * hidden * 4;
  EXPECT_DOUBLE_EQ(c.bytes, layers * layer + ends);
  const double products =
      6 * n * hidden * inner + 4 * n * hidden * (heads + kv) * dim + 4 * 30 * heads * dim;
  EXPECT_DOUBLE_EQ(c.flops, layers * products + 4 * n * hidden + 2 * n * vocab * hidden);
}

TEST(StepCost, OfAChunkedPromptIsThatOfItsPairs) {
  core::EngineOptions o = tiny_options();
  o.max_num_batched_tokens = 8;
  auto lm = tiny_llama(o);
  complete(*lm, {tiny_request(tiny_prompt(1, 20), 3)});
  const core::StepSize& s = lm->stats().size;
  EXPECT_EQ(s.tokens, 22);             // the last new token is never computed
  EXPECT_EQ(s.attended, 22 * 23 / 2);  // causal, however it was cut
  EXPECT_EQ(s.kv_tokens, 8 + 16 + 20 + 21 + 22);
  EXPECT_EQ(s.seqs, 5);
  EXPECT_EQ(s.rows, 3);
}

}  // namespace
}  // namespace fk::test
