// SPDX-License-Identifier: Apache-2.0
#include "core/weights/seeded.hpp"

#include <cmath>

#include "core/base/dtype.hpp"
#include "tests/unit/weights/helpers.hpp"

namespace fk::core::test {
namespace {

std::vector<float> make(uint64_t seed, const std::string& name, const std::vector<int64_t>& shape,
                        SeedScale scale) {
  int64_t n = 1;
  for (int64_t d : shape) n *= d;
  std::vector<float> v(static_cast<size_t>(n));
  SeededTensor(seed, name, scale).fill(0, v);
  return v;
}

TEST(Seeded, SameBitsAsThePythonTool) {
  const Json golden = Json::parse(read_file(kGolden / "seeded.json"));
  ASSERT_EQ(golden.size(), 5u);
  for (const Json& g : golden) {
    const std::string name = g["name"];
    const auto shape = g["shape"].get<std::vector<int64_t>>();
    const SeedScale scale =
        g["std"].is_null() ? default_seed_scale(name, shape) : SeedScale{g["mean"], g["std"]};
    EXPECT_EQ(fnv_words(make(g["seed"], name, shape, scale)), g["fnv"].get<std::string>()) << name;
  }
}

TEST(Seeded, AnyPartCanBeMadeAlone) {
  const std::vector<float> all = make(3, "x", {100}, {0, 1});
  std::vector<float> part(10);
  SeededTensor(3, "x", {0, 1}).fill(40, part);
  EXPECT_EQ(part, std::vector<float>(all.begin() + 40, all.begin() + 50));
  EXPECT_NE(make(4, "x", {100}, {0, 1}), all);
  EXPECT_NE(make(3, "y", {100}, {0, 1}), all);
}

TEST(Seeded, HasTheScaleItClaims) {
  const std::vector<float> v = make(1, "w", {100000}, {0.5, 2});
  double sum = 0, squares = 0;
  for (float x : v) sum += x, squares += double(x) * x;
  const double mean = sum / 1e5;
  EXPECT_NEAR(mean, 0.5, 0.03);
  EXPECT_NEAR(std::sqrt(squares / 1e5 - mean * mean), 2, 0.02);
  EXPECT_EQ(default_seed_scale("a.input_layernorm.weight", std::vector<int64_t>{8}).mean, 1);
  EXPECT_EQ(default_seed_scale("a.input_layernorm.bias", std::vector<int64_t>{8}).mean, 0);
  EXPECT_EQ(default_seed_scale("a.weight", std::vector<int64_t>{8, 16}).std, 0.25);
}

// A param merged of several sources holds what an upstream model would load from the sources' own
// names.
TEST(Seeded, StoreUsesTheSourcesOfTheMap) {
  const Json init =
      Json::parse(R"({"hidden_size": 32, "intermediate_size": 6, "num_attention_heads": 2,
    "num_key_value_heads": 1, "tie_word_embeddings": true})");
  auto store = WeightStore::seeded(9, kHfMap, init);
  const std::string name = "model.layers.3.mlp.";
  const auto got = values<float>(store->get({name + "gate_up_proj.weight", {12, 32}, kF32}));
  auto expected = make(9, name + "gate_proj.weight", {6, 32}, {0, 1 / std::sqrt(32.0)});
  for (float v : make(9, name + "up_proj.weight", {6, 32}, {0, 1 / std::sqrt(32.0)}))
    expected.push_back(v);
  EXPECT_EQ(got, expected);
  EXPECT_TRUE(store->unused().empty());
  EXPECT_EQ(store->get({"lm_head.weight", {7, 32}, kF32}),
            store->get({"model.embed_tokens.weight", {7, 32}, kF32}));
  // bfloat16 is the float32 value rounded; blocks are it quantised.
  const auto bf16 = values<uint16_t>(store->get({name + "gate_up_proj.weight", {12, 32}, kBf16}));
  for (size_t i = 0; i < bf16.size(); ++i) ASSERT_EQ(bf16[i], float_to_bf16(got[i]));
  const auto blocks =
      values<uint8_t>(store->get({name + "gate_up_proj.blocks", {12, 34}, kU8, "q8_0"}));
  std::vector<float> back(got.size());
  dequantize(8, blocks.data(), back);
  for (size_t i = 0; i < back.size(); ++i) ASSERT_NEAR(back[i], got[i], 0.01);
  EXPECT_EQ(error_of([&] {
              store->get({"model.norm.weight", {32}, kI32});
            }),
            "param model.norm.weight: seeded weights are floating-point, not int32");
}

// The tool's file, through the reader and the map, holds the weights that the store makes by
// itself.
TEST(Seeded, FileOfThePythonToolIsTheSame) {
  const auto file = TensorFile::open(kGolden / "tiny");
  const Json init = init_from_file(*file, kHfMap, false);
  auto read = WeightStore::open(file, kHfMap, init), made = WeightStore::seeded(5, kHfMap, init);
  auto check = [&](const std::string& path, std::vector<int64_t> shape) {
    const ParamRequest r{path, std::move(shape), kF32};
    EXPECT_EQ(values<float>(read->get(r)), values<float>(made->get(r))) << path;
  };
  for (const char* path : {"model.embed_tokens.weight", "lm_head.weight"}) check(path, {11, 16});
  check("model.norm.weight", {16});
  for (int i = 0; i < 2; ++i) {
    const std::string p = fmt::format("model.layers.{}.", i);
    for (const char* n :
         {"input_layernorm.weight", "post_attention_layernorm.weight", "self_attn.o_proj.bias"})
      check(p + n, {16});
    for (const char* n : {"self_attn.q_norm.weight", "self_attn.k_norm.weight"}) check(p + n, {8});
    check(p + "self_attn.qkv_proj.weight", {32, 16});
    check(p + "self_attn.qkv_proj.bias", {32});
    check(p + "self_attn.o_proj.weight", {16, 16});
    check(p + "mlp.gate_up_proj.weight", {48, 16});
    check(p + "mlp.down_proj.weight", {16, 24});
  }
  EXPECT_TRUE(read->unused().empty());
}

}  // namespace
}  // namespace fk::core::test
