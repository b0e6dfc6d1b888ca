// SPDX-License-Identifier: Apache-2.0
// What a model called, asked again by the Judge.
#include <set>

#include "core/judge/cases/captured_cases.hpp"
#include "core/judge/cases/problem.hpp"
#include "core/judge/timing/weighted.hpp"
#include "core/runtime/capture.hpp"
#include "tests/judge/court.hpp"

namespace fk::judge {
namespace {

using core::CapturedCall;
using test::Json;

CapturedCall attention(std::vector<CapturedCall::Sequence> seqs) {
  CapturedCall c;
  c.task = "attention";
  c.case_init = {{"num_heads", 4}, {"num_kv_heads", 2}, {"head_size", 8}, {"scale", 0.25}};
  c.init = c.case_init.dump();
  c.dtype = test::kF32;
  c.phase = core::Phase::kDecode;
  c.dims = {{"block_size", 4}};
  for (const auto& s : seqs) c.dims["n"] += s.query;
  c.seqs = std::move(seqs);
  c.calls = 2;
  c.seconds = 0.5;
  return c;
}

TEST(CapturedCase, SaysWhatTheCallWasAndIsNotCut) {
  CapturedCall call = attention({{1, 5000}, {1, 37}});
  const cases::Case c = cases::case_of(call);
  EXPECT_TRUE(c.name.starts_with("captured/decode/n=2,s=2,q=1,c=5000-")) << c.name;
  EXPECT_EQ(c.name.size(), std::string("captured/decode/n=2,s=2,q=1,c=5000-").size() + 8);
  EXPECT_TRUE(c.own);
  EXPECT_TRUE(c.decode);
  EXPECT_EQ(c.weight, 0.5);
  EXPECT_EQ(c.seqs.at(0).context, 5000);
  const auto sizes = cases::Problem::sizes(test::registry().task("attention"), c);
  EXPECT_EQ(sizes.at("n"), 2);
  EXPECT_EQ(sizes.at("num_blocks"), 1 + 1251 + 10);
  // The name is of the content alone.
  call.seconds = 7;
  call.paths = {"elsewhere"};
  EXPECT_EQ(cases::case_of(call).name, c.name);
  call.seqs[1].context = 38;
  EXPECT_NE(cases::case_of(call).name, c.name);
}

// Sequence 0 held blocks 70 and 12, sequence 1 block 40: of three blocks the last, first, second.
TEST(CapturedCase, KeepsTheOrderOfTheCachesBlocks) {
  CapturedCall call = attention({{1, 6}, {1, 2}});
  call.values["step.block_table"] = {70, 12, 40, -1};
  const cases::Case c = cases::case_of(call);
  EXPECT_EQ(c.blocks, (std::vector<int64_t>{2, 0, 1}));
  const core::TaskSpec& task = test::registry().task("attention");
  const auto problem = cases::Problem::make(test::registry(), task, c);
  for (const auto& t : problem.calls.at(0).step->tensors) {
    if (t.name == "block_table") {
      EXPECT_EQ(t.tensor->values(), (std::vector<double>{2, 0, 1, -1}));
    }
    if (t.name == "slot_mapping") { EXPECT_EQ(t.tensor->values(), (std::vector<double>{2, 6})); }
  }
  call.values["step.block_table"] = {70, -1, 40, -1};  // less than the sequence needs
  EXPECT_TRUE(cases::case_of(call).blocks.empty());
}

TEST(CapturedCase, StepsThatDifferInContextsAloneAreFolded) {
  std::vector<CapturedCall> calls;
  for (int64_t context = 64; context < 160; ++context) calls.push_back(attention({{1, context}}));
  calls.push_back(attention({{1, 64}, {1, 64}}));
  const auto folded = cases::folded(calls);
  ASSERT_EQ(folded.size(), 3u);  // 64 to 127, 128 to 159, two sequences
  int64_t count = 0;
  double seconds = 0;
  for (const CapturedCall& c : folded) count += c.calls, seconds += c.seconds;
  EXPECT_EQ(count, 2 * 97);
  EXPECT_DOUBLE_EQ(seconds, 0.5 * 97);
  EXPECT_EQ(folded[0].seqs.at(0).context, 95);  // the nearest to the mean
}

TEST(CapturedCase, WhatTheReferenceCannotAnswerIsSaid) {
  CapturedCall c;
  c.task = "linear";
  c.case_init = {{"in_features", 8192}, {"out_features", 65536}};
  c.dtype = test::kBf16;
  c.dims = {{"n", 1}};
  const core::TaskSpec& linear = test::registry().task("linear");
  EXPECT_EQ(cases::too_large(test::catalog(), linear, cases::case_of(c)),
            "5.37e+08 numbers in weights, states and tensors, 1.28e+08 at most are judged");
  c.case_init = {{"in_features", 4096}, {"out_features", 4096}};
  EXPECT_EQ(cases::too_large(test::catalog(), linear, cases::case_of(c)), "");
  c.dims = {{"n", 4096}};
  EXPECT_EQ(cases::too_large(test::catalog(), linear, cases::case_of(c)),
            "1.37e+11 operations, 3e+10 at most are judged");
  EXPECT_EQ(cases::too_large(test::catalog(), linear, cases::case_of(c), 1e12), "");
}

TEST(Weighted, IsTheHarmonicMeanByTime) {
  const auto even = [](double s) { return Interval{s, s, s}; };
  // 3 s become 1.5 s, 1 s stays: 4 / 2.5.
  EXPECT_DOUBLE_EQ(weighted_speedup({{3, even(2)}, {1, even(1)}}).middle, 1.6);
  const Interval i = weighted_speedup({{1, {0.5, 1, 2}}, {1, {1, 1, 1}}});
  EXPECT_DOUBLE_EQ(i.low, 2.0 / 3);
  EXPECT_DOUBLE_EQ(i.high, 2 / 1.5);
  EXPECT_EQ(weighted_speedup({}).middle, 1);
}

TEST(Weighted, TheHeaviestCasesComeFirstUntilTheyAreEnough) {
  std::vector<cases::Case> list(4);
  const double weights[] = {1, 6, 0.5, 2.5};
  for (size_t i = 0; i < 4; ++i) list[i].weight = weights[i];
  const auto most = heaviest(list, 0.84);
  ASSERT_EQ(most.size(), 2u);
  EXPECT_EQ(most[0].weight, 6);
  EXPECT_EQ(most[1].weight, 2.5);
  EXPECT_EQ(heaviest(list, 1).size(), 4u);
}

// A model of every engine, run with a capture round it.
std::vector<CapturedCall> calls_of_a_llama() {
  const Json init{{"vocab_size", 23},           {"hidden_size", 32},
                  {"intermediate_size", 64},    {"num_hidden_layers", 2},
                  {"num_attention_heads", 4},   {"num_key_value_heads", 2},
                  {"tie_word_embeddings", true}};
  auto capture = std::make_shared<core::Capture>();
  test::TaskOptions options;
  options.layers = {};
  options.layers.capture = capture;
  options.dims = {{"num_blocks", 64}, {"block_size", 4}, {"num_slots", 4}};
  test::TaskRunner runner("llama", init, test::random_params("llama", init, 3, 0.5, options),
                          options);
  for (const auto& [queries, contexts] : std::vector<std::pair<std::vector<int>, std::vector<int>>>{
           {{21, 4}, {0, 30}}, {{1, 1}, {21, 34}}}) {
    const test::BatchStep s(queries, contexts, 4);
    test::Array ids(test::kI32, {s.num_tokens()}), last(test::kI32, {2}, {0, 1}),
        logits(test::kF32, {2, 23});
    runner.run({{"input_ids", &ids},
                {"positions", &s.positions()},
                {"logits_indices", &last},
                {"logits", &logits}},
               s.get());
  }
  return capture->calls();
}

TEST(CapturedCase, OfEveryNodeIsAnsweredAlikeByItsBaselines) {
  JudgeOptions options = court_options();
  options.deadline = 20;
  options.only = "captured/";
  std::set<std::string> tasks;
  for (const CapturedCall& c : calls_of_a_llama()) {
    options.captured.by_task[c.task].push_back(cases::case_of(c));
    tasks.insert(c.task);
  }
  EXPECT_TRUE(tasks.contains("llama_decoder_layer") && tasks.contains("paged_attention"));
  Judge judge(test::registry(), options);
  size_t judged = 0;
  for (const char* name : {"cpu", "composed"}) {
    const PluginFile plugin = baseline_plugin(name);
    for (const std::string& task : tasks)
      for (const Offered& o : judge.offered(plugin, task)) {
        const CheckRecord r = judge.check(plugin, task, o.id);
        EXPECT_TRUE(r.passed()) << task << " " << o.id << failures(r);
        EXPECT_EQ(r.count("pass"), options.captured.by_task[task].size()) << task << " " << o.id;
        EXPECT_EQ(r.coverage, 0) << "of the task file, whose cases were not asked";
        ++judged;
      }
  }
  EXPECT_GT(judged, 10u);
}

}  // namespace
}  // namespace fk::judge
