// SPDX-License-Identifier: Apache-2.0
// RWKV-7 against the package `rwkv` (tests/golden/make_rwkv7.py), and its state against itself.
#include <gtest/gtest.h>

#include "core/engine/assets.hpp"
#include "tests/unit/rwkv7/tiny_model.hpp"

namespace fk::test {
namespace {

const std::string kNames = std::string(FK_SOURCE_DIR) + "/configs/weights/rwkv7.yaml";

struct Golden {
  std::shared_ptr<core::TensorFile> weights = open_golden("rwkv7/tiny.safetensors");
  std::shared_ptr<core::TensorFile> expected = open_golden("rwkv7/tiny_logits.safetensors");
  std::vector<int32_t> tokens = golden_ints(*expected, "tokens");
  Json init = core::init_from_file(*weights, kNames, false);
  int64_t vocab = init.at("vocab_size").get<int64_t>();

  const float* logits(size_t token) const {
    return reinterpret_cast<const float*>(expected->find("logits")->data) + int64_t(token) * vocab;
  }
  std::shared_ptr<core::WeightStore> open() const {
    return core::WeightStore::open(weights, kNames, init);
  }
  std::vector<int32_t> part(size_t begin, size_t end) const {
    return {tokens.begin() + std::ptrdiff_t(begin),
            tokens.begin() + std::ptrdiff_t(std::min(end, tokens.size()))};
  }
};

TEST(Rwkv7, ReadsAllSizesFromTheTensors) {
  const Golden g;
  EXPECT_EQ(
      g.init.dump(),
      R"({"vocab_size":64,"hidden_size":48,"intermediate_size":160,"num_hidden_layers":3,"head_dim":16,)"
      R"("decay_low_rank_dim":8,"gate_low_rank_dim":12,"a_low_rank_dim":6,"v_low_rank_dim":4})");
}

TEST(Rwkv7, EveryTensorOfTheCheckpointIsUsedOrIgnored) {
  const Golden g;
  auto store = g.open();
  TinyRwkv7 model(store, g.init, 1);
  EXPECT_EQ(store->unused(), std::vector<std::string>{});
}

// 1,000 steps of one token: the state carries everything.
TEST(Rwkv7, LogitsMatchThePackageOverAThousandSteps) {
  const Golden g;
  ASSERT_EQ(g.tokens.size(), 1000u);
  TinyRwkv7 model(g.open(), g.init, 1);
  double worst = 0;
  for (size_t t = 0; t < g.tokens.size(); ++t)
    worst = std::max(worst,
                     max_abs_difference(model.step({{{g.tokens[t]}, int(t), 0}})[0], g.logits(t)));
  EXPECT_LE(worst, 1e-4);
  RecordProperty("max_abs_error", std::to_string(worst));
  std::printf("max abs error %.3g\n", worst);
}

// The same for the plain loops that define the tasks.
TEST(Rwkv7, ReferenceMatchesThePackage) {
  const Golden g;
  TinyRwkv7 model(g.open(), g.init, 1, "fused_recurrent_rwkv7=reference");
  double worst = 0;
  for (size_t t = 0; t < 200; ++t)
    worst = std::max(worst,
                     max_abs_difference(model.step({{{g.tokens[t]}, int(t), 0}})[0], g.logits(t)));
  EXPECT_LE(worst, 1e-4);
}

TEST(Rwkv7, ChunkedPrefillEqualsStepByStep) {
  const Golden g;
  TinyRwkv7 model(g.open(), g.init, 1);
  for (size_t chunk : {3u, 64u, 333u, 1000u}) {
    double worst = 0;
    for (size_t at = 0; at < g.tokens.size(); at += chunk) {
      const auto rows = model.step({{g.part(at, at + chunk), int(at), 0}});
      for (size_t r = 0; r < rows.size(); ++r)
        worst = std::max(worst, max_abs_difference(rows[r], g.logits(at + r)));
    }
    EXPECT_LE(worst, 1e-4) << "in chunks of " << chunk;
  }
}

// Three sequences of different progress in one step, their slots out of order, one of them in a
// used slot.
TEST(Rwkv7, SequencesOfABatchDoNotSeeEachOther) {
  const Golden g;
  TinyRwkv7 model(g.open(), g.init, 4);
  model.step({{g.part(500, 600), 0, 2}});  // leaves something in slot 2
  size_t a = 0, b = 0;
  double worst = 0;
  auto check = [&](const std::vector<std::vector<float>>& rows, size_t first, size_t count,
                   size_t at) {
    for (size_t r = 0; r < count; ++r)
      worst = std::max(worst, max_abs_difference(rows[first + r], g.logits(at + r)));
  };
  for (int round = 0; round < 20; ++round) {
    const size_t na = size_t(1 + round % 3), nb = size_t(1 + (round * 7) % 5);
    const auto rows =
        model.step({{g.part(a, a + na), int(a), 3},
                    {g.part(900, 901), round, 0},  // a third sequence, of no interest itself
                    {g.part(b, b + nb), int(b), 2}});
    check(rows, 0, na, a);
    check(rows, na + 1, nb, b);
    a += na;
    b += nb;
  }
  EXPECT_LE(worst, 1e-4);
}

TEST(Rwkv7, ASequenceBeginsFromZeroInAUsedSlot) {
  const Golden g;
  TinyRwkv7 model(g.open(), g.init, 1);
  const auto first = model.step({{g.part(0, 10), 0, 0}});
  model.step({{g.part(10, 300), 10, 0}});
  EXPECT_EQ(model.step({{g.part(0, 10), 0, 0}}), first);
}

// The random model that configs/rwkv7_tiny.yaml describes, made by the engine and, for the package,
// by tools/seeded_weights.py.
TEST(Rwkv7, SeededWeightsAreThoseOfThePythonTool) {
  const core::Config config =
      core::load_config(std::string(FK_SOURCE_DIR) + "/configs/rwkv7_tiny.yaml", "no-packages");
  const core::Assets assets = core::load_assets(registry(), config, {});
  const auto expected = open_golden("rwkv7/seeded_logits.safetensors");
  const auto tokens = golden_ints(*expected, "tokens"),
             positions = golden_ints(*expected, "positions");
  TinyRwkv7 model(assets.open_weights(registry()), assets.init, 1);
  const auto rows = model.step({{tokens, 0, 0}});
  ASSERT_EQ(rows.size(), 1000u);
  for (size_t i = 0; i < positions.size(); ++i) {
    const float* want =
        reinterpret_cast<const float*>(expected->find("logits")->data) + i * rows[0].size();
    EXPECT_LE(max_abs_difference(rows[size_t(positions[i])], want), 1e-4)
        << "after token " << positions[i];
  }
}

// --weights in place of the seed: the file's sizes hold, not those that the config gives the random
// model.
TEST(Rwkv7, AFileInPlaceOfTheSeedBringsItsSizes) {
  const core::Config config =
      core::load_config(std::string(FK_SOURCE_DIR) + "/configs/rwkv7_tiny.yaml", "no-packages");
  core::Overrides over;
  over.weights = golden("rwkv7/tiny.safetensors");
  const core::Assets assets = core::load_assets(registry(), config, over);
  EXPECT_EQ(assets.init.at("vocab_size"), 64);
  EXPECT_EQ(assets.init.at("num_hidden_layers"), 3);
}

}  // namespace
}  // namespace fk::test
