// SPDX-License-Identifier: Apache-2.0
#include "core/runtime/capture.hpp"

#include <gtest/gtest.h>

#include "tests/support/task_runner.hpp"

namespace fk::test {
namespace {

using core::Capture;
using core::CapturedCall;
using core::Phase;

const Json kLlama{{"vocab_size", 23},           {"hidden_size", 16},
                  {"intermediate_size", 24},    {"num_hidden_layers", 3},
                  {"num_attention_heads", 4},   {"num_key_value_heads", 2},
                  {"tie_word_embeddings", true}};

// A llama of three layers with a capture round it.
struct Captured {
  std::shared_ptr<Capture> capture = std::make_shared<Capture>();
  TaskRunner runner;
  Captured()
      : runner("llama", kLlama, random_params("llama", kLlama, 3, 0.5, options()), options()) {}

  TaskOptions options() const {
    TaskOptions o;
    o.layers = {};
    o.layers.capture = capture;
    o.dims = {{"num_blocks", 16}, {"block_size", 4}, {"num_slots", 4}};
    return o;
  }
  void step(const std::vector<int>& queries, const std::vector<int>& contexts) {
    const BatchStep s(queries, contexts, 4);
    Array ids(kI32, {s.num_tokens()}), last(kI32, {int64_t(queries.size())}),
        logits(kF32, {int64_t(queries.size()), 23});
    for (int i = 0; i < s.num_tokens(); ++i) ids.set(i, i + 2);
    for (size_t i = 0; i < queries.size(); ++i) last.set(int64_t(i), double(i));
    runner.run({{"input_ids", &ids},
                {"positions", &s.positions()},
                {"logits_indices", &last},
                {"logits", &logits}},
               s.get());
  }
  std::vector<CapturedCall> of(const std::string& task) const {
    std::vector<CapturedCall> out;
    for (const CapturedCall& c : capture->calls())
      if (c.task == task) out.push_back(c);
    return out;
  }
};

TEST(Capture, EqualShapesAreOneEntryWhereverTheyWere) {
  Captured m;
  m.step({5, 2}, {0, 3});
  m.step({5, 2}, {0, 3});
  const auto mlps = m.of("llama_mlp");
  ASSERT_EQ(mlps.size(), 1u);  // three layers, two steps
  const CapturedCall& c = mlps[0];
  EXPECT_EQ(c.calls, 6);
  EXPECT_EQ(c.phase, Phase::kPrefill);
  EXPECT_EQ(c.dims, (std::map<std::string, int64_t>{{"n", 7}}));
  EXPECT_TRUE(c.seqs.empty());  // its task takes no step
  EXPECT_EQ(c.paths, (std::set<std::string>{"model.layers.0.mlp", "model.layers.1.mlp",
                                            "model.layers.2.mlp"}));
  EXPECT_EQ(c.implementation, "composed/composed");
  for (const core::Choice& choice : m.runner.model().plan().choices)
    if (choice.path == "model.layers.1.mlp") { EXPECT_EQ(c.init, choice.init); }
  EXPECT_EQ(c.case_init.dump(), c.init);  // no instances in it
}

// The phase is the step's, as it is for who computes what: of tasks without a step, too.
TEST(Capture, TheStepIsPartOfWhatAStepTakingTaskWasAsked) {
  Captured m;
  m.step({5, 2}, {0, 3});
  m.step({1, 1}, {5, 5});
  m.step({1, 1}, {6, 6});
  const auto layers = m.of("llama_decoder_layer");
  ASSERT_EQ(layers.size(), 6u);  // the first layer has no residual: another init
  const auto attention = m.of("attention");
  ASSERT_EQ(attention.size(), 3u);
  EXPECT_EQ(attention[0].phase, Phase::kPrefill);
  EXPECT_EQ(attention[0].seqs, (std::vector<CapturedCall::Sequence>{{5, 0}, {2, 3}}));
  EXPECT_EQ(attention[0].dims, (std::map<std::string, int64_t>{{"block_size", 4}, {"n", 7}}));
  EXPECT_EQ(attention[1].phase, Phase::kDecode);
  EXPECT_EQ(attention[1].seqs, (std::vector<CapturedCall::Sequence>{{1, 5}, {1, 5}}));
  EXPECT_EQ(attention[2].seqs, (std::vector<CapturedCall::Sequence>{{1, 6}, {1, 6}}));
  const auto linears = m.of("silu_and_mul");
  for (const CapturedCall& c : linears) EXPECT_EQ(c.calls, c.phase == Phase::kDecode ? 6 : 3);
}

TEST(Capture, BorrowedInstancesAreWrittenOut) {
  Captured m;
  m.step({3}, {0});
  const auto layer = m.of("llama_decoder_layer").at(0);
  EXPECT_EQ(layer.case_init["rotary_emb"]["head_size"], 4);
  EXPECT_EQ(Json::parse(layer.init)["rotary_emb"]["task"], "rotary_embedding");
  core::InitValue::from_json(registry(), registry().task("llama_decoder_layer"), layer.case_init);
}

TEST(Capture, SmallIntegersAreKeptAndOtherNumbersAreNot) {
  Captured m;
  m.step({3}, {0});
  const CapturedCall root = m.of("llama").at(0);
  EXPECT_EQ(root.values.at("input_ids"), (std::vector<double>{2, 3, 4}));
  EXPECT_EQ(root.values.at("step.block_table"), (std::vector<double>{0}));
  EXPECT_EQ(root.values.at("step.slot_mapping"), (std::vector<double>{0, 1, 2}));
  EXPECT_TRUE(m.of("llama_mlp").at(0).values.empty());
}

TEST(Capture, TimesNestAndAddUp) {
  Captured m;
  for (int i = 0; i < 3; ++i) m.step({5, 2}, {0, 3});
  double self = 0, root = 0;
  for (const CapturedCall& c : m.capture->calls()) {
    EXPECT_GE(c.seconds, c.self_seconds) << c.task;
    EXPECT_GE(c.self_seconds, 0) << c.task;
    self += c.self_seconds;
    if (c.task == "llama") root += c.seconds;
  }
  EXPECT_NEAR(self, root, 1e-9 + 1e-6 * root);
}

TEST(Capture, ClearForgetsEverything) {
  Captured m;
  m.step({3}, {0});
  m.capture->clear();
  EXPECT_TRUE(m.capture->calls().empty());
  m.step({2}, {0});
  EXPECT_EQ(m.of("llama").at(0).dims.at("n"), 2);
}

TEST(Capture, APatternMatchesNoNodeOfOthers) {
  const std::set<std::string> some{"model.layers.1.mlp", "model.layers.2.mlp", "model.norm"};
  EXPECT_EQ(core::path_patterns(some, {"model.embed"}),
            (std::set<std::string>{"model.layers.*.mlp", "model.norm"}));
  EXPECT_EQ(core::path_patterns(some, {"model.layers.0.mlp"}), some);
  EXPECT_EQ(core::path_patterns({"model.layers.10.a2.0"}, {}),
            (std::set<std::string>{"model.layers.*.a2.*"}));
}

}  // namespace
}  // namespace fk::test
