// SPDX-License-Identifier: Apache-2.0
// The causal-LM engine on a model whose memory is recurrent state: slots instead of cache blocks.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/engine/causal_lm.hpp"
#include "tests/unit/rwkv7/tiny_model.hpp"

namespace fk::test {
namespace {

const std::string kNames = std::string(FK_SOURCE_DIR) + "/configs/weights/rwkv7.yaml";

std::unique_ptr<core::CausalLm> engine(core::EngineOptions options) {
  auto file = open_golden("rwkv7/tiny.safetensors");
  const Json init = core::init_from_file(*file, kNames, false);
  core::BuildOptions build;
  build.threads = 1;
  return core::CausalLm::build(catalog(), core::WeightStore::open(file, kNames, init), "rwkv7",
                               init, build, options, {});
}

core::Request request(std::vector<int32_t> prompt, int64_t tokens) {
  core::Request r;
  r.prompt = std::move(prompt);
  r.sampling.max_tokens = tokens;
  r.top_logits = 4;
  return r;
}

std::vector<core::Completion> run(core::CausalLm& lm, const std::vector<core::Request>& requests) {
  for (const core::Request& r : requests) lm.add(r);
  lm.run();
  auto done = lm.take_finished();
  std::sort(done.begin(), done.end(),
            [](const auto& a, const auto& b) { return a.handle < b.handle; });
  return done;
}

// More requests than slots, prompts longer than a step: nothing of that may show in the tokens.
TEST(Rwkv7Engine, SlotsChunksAndBatchingChangeNoToken) {
  const auto expected = open_golden("rwkv7/tiny_logits.safetensors");
  const auto tokens = golden_ints(*expected, "tokens");
  std::vector<core::Request> requests;
  for (int i = 0; i < 7; ++i)
    requests.push_back(
        request({tokens.begin() + i * 11, tokens.begin() + i * 11 + 5 + i * 13}, 12));
  core::EngineOptions alone;
  alone.max_num_seqs = 1;
  alone.max_model_len = 256;
  const auto want = run(*engine(alone), requests);
  core::EngineOptions crowded = alone;
  crowded.max_num_seqs = 3;
  crowded.max_num_batched_tokens = 16;
  for (const bool ahead : {false, true}) {
    crowded.async_scheduling = ahead;
    auto lm = engine(crowded);
    const auto got = run(*lm, requests);
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i)
      EXPECT_EQ(got[i].tokens, want[i].tokens)
          << "request " << i << (ahead ? ", a step ahead" : "");
  }
}

TEST(Rwkv7Engine, TopLogitsAreThoseOfThePackage) {
  const auto expected = open_golden("rwkv7/tiny_logits.safetensors");
  const auto tokens = golden_ints(*expected, "tokens");
  core::EngineOptions options;
  options.max_model_len = 256;
  options.max_num_batched_tokens = 32;
  const auto done = run(*engine(options), {request({tokens.begin(), tokens.begin() + 100}, 1)});
  const float* row = reinterpret_cast<const float*>(expected->find("logits")->data) + 99 * 64;
  ASSERT_EQ(done.at(0).top_logits.size(), 4u);
  EXPECT_EQ(done[0].top_logits[0].first, std::max_element(row, row + 64) - row);
  for (const auto& [id, value] : done[0].top_logits) EXPECT_NEAR(value, row[id], 1e-4);
}

}  // namespace
}  // namespace fk::test
