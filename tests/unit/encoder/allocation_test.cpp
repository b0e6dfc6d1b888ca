// SPDX-License-Identifier: Apache-2.0
// The encoder's steps allocate nothing after warm-up: of a call of embed(), the results alone.
#include <gtest/gtest.h>

#include "core/engine/encoder_engine.hpp"
#include "tests/support/counting/counting_new.hpp"
#include "tests/support/task_runner.hpp"

namespace fk::test {
namespace {

TEST(Allocation, OfAnEncoderTheResultsOnly) {
  const Json init = {{"vocab_size", 50},         {"hidden_size", 32},
                     {"intermediate_size", 48},  {"num_hidden_layers", 2},
                     {"num_attention_heads", 2}, {"max_position_embeddings", 64},
                     {"pooling", "mean"},        {"normalize", true}};
  const std::string names = std::string(FK_SOURCE_DIR) + "/configs/weights/bert_hf.yaml";
  core::BuildOptions build;
  build.threads = 1;
  core::EngineOptions options;
  options.max_num_seqs = 2;
  options.max_num_batched_tokens = 64;
  const auto encoder = core::EncoderEngine::build(
      catalog(), core::WeightStore::seeded(3, names, init), "bert", init, build, options);
  const std::vector<std::vector<int32_t>> five = {
      {1, 2, 3}, std::vector<int32_t>(64, 7), {4}, {5, 6}, std::vector<int32_t>(30, 9)};
  encoder->embed(five);
  start_counting();
  const auto found = encoder->embed(five);  // in four steps
  EXPECT_EQ(stop_counting(), 1 + int64_t(found.size()));
}

}  // namespace
}  // namespace fk::test
