// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/base/dtype.hpp"
#include "tests/unit/weights/helpers.hpp"

namespace fk::core::test {
namespace {

// Two layers' worth of names is enough: one layer, 2 query heads and 1 kv head of 4, hidden size 8.
const Json kInit =
    Json::parse(R"({"hidden_size": 8, "intermediate_size": 6, "num_attention_heads": 2,
  "num_key_value_heads": 1, "head_dim": null, "vocab_size": 5, "tie_word_embeddings": true})");

std::vector<float> ramp(size_t n, float begin) {
  std::vector<float> v(n);
  for (size_t i = 0; i < n; ++i) v[i] = begin + float(i);
  return v;
}

struct Hf {
  std::string header = "{", data;
  Hf& add(const std::string& name, const std::string& shape, const std::vector<float>& v) {
    header += fmt::format(R"({}"{}":{{"dtype":"F32","shape":{},"data_offsets":[{},{}]}})",
                          header.size() > 1 ? "," : "", name, shape, data.size(),
                          data.size() + v.size() * 4);
    data += bytes_of(v);
    return *this;
  }
  std::string bytes() const { return safetensors(header + "}", data); }
};

Hf small_hf() {
  const std::string p = "model.layers.0.";
  Hf f;
  f.add("model.embed_tokens.weight", "[5,8]", ramp(40, 0))
      .add("model.norm.weight", "[8]", ramp(8, 500));
  f.add(p + "self_attn.q_proj.weight", "[8,8]", ramp(64, 1000))
      .add(p + "self_attn.k_proj.weight", "[4,8]", ramp(32, 2000));
  f.add(p + "self_attn.v_proj.weight", "[4,8]", ramp(32, 3000));
  return f;
}

TEST(Store, ConcatenatesRows) {
  InMemory f(small_hf().bytes());
  auto store = WeightStore::open(f.file, kHfMap, kInit);
  const fk_tensor* t = store->get({"model.layers.0.self_attn.qkv_proj.weight", {16, 8}, kF32});
  EXPECT_EQ(t->ndim, 2);
  EXPECT_EQ(t->shape[0], 16);
  EXPECT_EQ(t->strides[0], 8);
  EXPECT_EQ(t->strides[1], 1);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(t->data) % 256, 0u);
  std::vector<float> expected = ramp(64, 1000);
  for (float begin : {2000.0f, 3000.0f})
    for (float v : ramp(32, begin)) expected.push_back(v);
  EXPECT_EQ(values<float>(t), expected);
  EXPECT_EQ(store->bytes(), 512u);
}

// What would be copied together for the CPU goes to a device from where it lies.
TEST(Store, RunsAreTheConcatenationWithoutACopy) {
  InMemory f(small_hf().bytes());
  auto store = WeightStore::open(f.file, kHfMap, kInit);
  const ParamRequest qkv{"model.layers.0.self_attn.qkv_proj.weight", {16, 8}, kF32};
  const auto runs = store->runs(qkv);
  ASSERT_EQ(runs.size(), 3u);
  EXPECT_EQ(runs[0].data(), f.file->find("model.layers.0.self_attn.q_proj.weight")->data);
  EXPECT_EQ(store->bytes(), 0u);
  for (const std::string& name : store->unused()) EXPECT_EQ(name.find("self_attn"), name.npos);
  std::vector<uint8_t> joined;
  for (const auto& run : runs) joined.insert(joined.end(), run.begin(), run.end());
  const auto* whole = static_cast<const uint8_t*>(store->get(qkv)->data);
  EXPECT_EQ(joined, std::vector<uint8_t>(whole, whole + 16 * 8 * 4));
  // One tensor is get()'s to share; what must be converted is no run; what get() refuses is
  // refused.
  EXPECT_TRUE(store->runs({"model.norm.weight", {8}, kF32}).empty());
  EXPECT_TRUE(store->runs({qkv.path, {16, 8}, kBf16}).empty());
  EXPECT_NE(error_of([&] { store->runs({qkv.path, {17, 8}, kF32}); }), "");
}

TEST(Store, RefusesARanksShare) {
  InMemory f(small_hf().bytes());
  const ParamRequest half{"model.layers.0.self_attn.qkv_proj.weight", {8, 8}, kF32, "none", 2};
  for (const auto& store :
       {WeightStore::open(f.file, kHfMap, kInit), WeightStore::seeded(1, kHfMap, kInit)})
    EXPECT_EQ(error_of([&] { store->get(half); }),
              "param \"model.layers.0.self_attn.qkv_proj.weight\" under tp_size 2: weights are "
              "loaded whole, a rank's share of them is not; use tp_size 1");
}

TEST(Store, PointsIntoTheFileWhenNothingChanges) {
  InMemory f(small_hf().bytes());
  auto store = WeightStore::open(f.file, kHfMap, kInit);
  const fk_tensor* t = store->get({"model.norm.weight", {8}, kF32});
  EXPECT_EQ(t->data, f.file->find("model.norm.weight")->data);
  EXPECT_EQ(store->bytes(), 0u);
}

TEST(Store, TiedHeadIsTheSameTensor) {
  InMemory f(small_hf().bytes());
  auto store = WeightStore::open(f.file, kHfMap, kInit);
  const fk_tensor* head = store->get({"lm_head.weight", {5, 8}, kBf16});
  const fk_tensor* embedding = store->get({"model.embed_tokens.weight", {5, 8}, kBf16});
  EXPECT_EQ(head, embedding);
  EXPECT_EQ(store->bytes(), 256u);
}

TEST(Store, ConvertsToTheRunDtype) {
  InMemory f(Hf().add("a", "[4]", {1.00390625f, -2.5f, 65504.0f, 1e-8f}).bytes());
  auto store = WeightStore::open(f.file, kHfMap, kInit);
  EXPECT_EQ(values<double>(store->get({"a", {4}, kF64})),
            (std::vector<double>{1.00390625, -2.5, 65504.0, 1e-8f}));
  EXPECT_EQ(values<uint16_t>(store->get({"a", {4}, kBf16})),
            (std::vector<uint16_t>{0x3f80, 0xc020, 0x4780, 0x322c}));
  EXPECT_EQ(values<uint16_t>(store->get({"a", {4}, kF16})),
            (std::vector<uint16_t>{0x3c04, 0xc100, 0x7bff, 0x0000}));
}

TEST(Store, RefusesWhatFloat16CannotHold) {
  InMemory f(Hf().add("a", "[2]", {1, 70000}).bytes());
  auto store = WeightStore::open(f.file, kHfMap, kInit);
  EXPECT_EQ(error_of([&] {
              store->get({"a", {2}, kF16});
            }),
            "f: tensor \"a\" holds 70000, which float16 cannot; use bfloat16 or float32");
}

TEST(Store, MissingTensor) {
  InMemory f(small_hf().bytes());
  auto store = WeightStore::open(f.file, kHfMap, kInit);
  EXPECT_EQ(error_of([&] {
              store->get({"model.norn.weight", {8}, kF32});
            }),
            "f: no tensor \"model.norn.weight\" for model.norn.weight (did you mean "
            "'model.norm.weight'?)");
  EXPECT_EQ(error_of([&] {
              store->get({"model.layers.1.self_attn.qkv_proj.weight", {16, 8}, kF32});
            }),
            "f: no tensor \"model.layers.1.self_attn.q_proj.weight\" for "
            "model.layers.1.self_attn.qkv_proj.weight (did you mean "
            "'model.layers.0.self_attn.q_proj.weight'?)");
}

TEST(Store, WrongShapeOrDtype) {
  InMemory f(small_hf().bytes());
  auto store = WeightStore::open(f.file, kHfMap, kInit);
  EXPECT_EQ(
      error_of([&] {
        store->get({"model.norm.weight", {9}, kF32});
      }),
      "f: tensor \"model.norm.weight\" is float32 [8], but model.norm.weight needs float32 [9]");
  EXPECT_EQ(
      error_of([&] {
        store->get({"model.norm.weight", {8}, kI32});
      }),
      "f: tensor \"model.norm.weight\" is float32 [8], but model.norm.weight needs int32 [8]");
  EXPECT_EQ(
      error_of([&] {
        store->get({"model.layers.0.self_attn.qkv_proj.weight", {20, 8}, kF32});
      }),
      "param model.layers.0.self_attn.qkv_proj.weight is [20, 8], but its sources have 16 rows: "
      "model.layers.0.self_attn.q_proj.weight (8) + model.layers.0.self_attn.k_proj.weight (4) + "
      "model.layers.0.self_attn.v_proj.weight (4)");
  EXPECT_EQ(error_of([&] {
              store->get({"model.embed_tokens.blocks", {5, 20}, kU8, "q4_1"});
            }),
            "f: tensor \"model.embed_tokens.weight\" is float32 [5, 8], but "
            "model.embed_tokens.blocks needs q4_1 blocks [5, 32]");
}

TEST(Store, ReportsWhatNobodyUsed) {
  Hf hf = small_hf();
  hf.add("lm_head.weight", "[5,8]", ramp(40, 0))
      .add("model.layers.0.self_attn.rotary_emb.inv_freq", "[2]", {1, 2});
  hf.add("model.layers.0.extra.weight", "[1]", {1});
  InMemory f(hf.bytes());
  auto store = WeightStore::open(f.file, kHfMap, kInit);
  store->get({"lm_head.weight", {5, 8}, kF32});
  store->get({"model.layers.0.self_attn.qkv_proj.weight", {16, 8}, kF32});
  EXPECT_EQ(store->unused(),
            (std::vector<std::string>{"model.layers.0.extra.weight", "model.norm.weight"}));
  Json untied = kInit;
  untied["tie_word_embeddings"] = false;
  auto other = WeightStore::open(f.file, kHfMap, untied);
  EXPECT_EQ(other->unused().front(), "lm_head.weight");
}

// Converters write row 2i+j of a head where transformers has row i + j*rows/2.
TEST(Store, UnpermutesTheRowsOfQAndK) {
  std::vector<float> canonical = ramp(64, 1000), permuted(64);
  for (size_t head = 0; head < 2; ++head)
    for (size_t i = 0; i < 2; ++i)
      for (size_t j = 0; j < 2; ++j)
        for (size_t c = 0; c < 8; ++c)
          permuted[(head * 4 + 2 * i + j) * 8 + c] = canonical[(head * 4 + i + j * 2) * 8 + c];
  auto file = [&](const std::string& architecture) {
    Gguf g;
    g.key("general.architecture", 8, Gguf::text(architecture));
    g.add("blk.0.attn_q.weight", {8, 8}, 0, bytes_of(permuted))
        .add("blk.0.attn_k.weight", {8, 4}, 0, bytes_of(ramp(32, 0)));
    g.add("blk.0.attn_v.weight", {8, 4}, 0, bytes_of(ramp(32, 3000)));
    return g.bytes();
  };
  const ParamRequest qkv{"model.layers.0.self_attn.qkv_proj.weight", {16, 8}, kF32};
  InMemory llama(file("llama")), qwen(file("qwen2"));
  auto store = WeightStore::open(llama.file, kGgufMap, kInit);
  std::vector<float> got = values<float>(store->get(qkv));
  EXPECT_EQ(std::vector<float>(got.begin(), got.begin() + 64), canonical);
  EXPECT_EQ(got[64 + 8], 16);    // row 1 of k is row 2 of the file
  EXPECT_EQ(got[96 + 8], 3008);  // v stays as it is
  auto plain = WeightStore::open(qwen.file, kGgufMap, kInit);
  got = values<float>(plain->get(qkv));
  EXPECT_EQ(std::vector<float>(got.begin(), got.begin() + 64), permuted);
}

TEST(Store, KeepsBlocksAsTheyAre) {
  const Json init = Json::parse(
      R"({"hidden_size": 32, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 4})");
  auto rows = [](size_t n, char first) {
    std::string s;
    for (size_t i = 0; i < n; ++i) s += std::string(20, char(first + char(i)));
    return s;
  };
  Gguf g;
  g.key("general.architecture", 8, Gguf::text("llama"));
  g.add("blk.0.attn_q.weight", {32, 8}, 3, rows(8, 'A'))
      .add("blk.0.attn_k.weight", {32, 4}, 3, rows(4, 'a'));
  g.add("blk.0.attn_v.weight", {32, 4}, 3, rows(4, '0'))
      .add("token_embd.weight", {32, 3}, 8, std::string(102, 'e'));
  InMemory f(g.bytes());
  auto store = WeightStore::open(f.file, kGgufMap, init);
  const auto blocks =
      values<char>(store->get({"model.layers.0.self_attn.qkv_proj.blocks", {16, 20}, kU8, "q4_1"}));
  EXPECT_TRUE(store  // q and k are un-permuted
                  ->runs({"model.layers.0.self_attn.qkv_proj.blocks", {16, 20}, kU8, "q4_1"})
                  .empty());
  std::string firsts;
  for (size_t i = 0; i < 16; ++i) firsts += blocks[i * 20 + 19];
  EXPECT_EQ(firsts, "ACBDEGFHacbd0123");
  const fk_tensor* t = store->get({"model.embed_tokens.blocks", {3, 34}, kU8, "q8_0"});
  EXPECT_EQ(t->data, f.file->find("token_embd.weight")->data);
  EXPECT_EQ(error_of([&] {
              store->get({"model.embed_tokens.blocks", {3, 20}, kU8, "q4_1"});
            }),
            "f: tensor \"token_embd.weight\" is Q8_0 (8) [3, 32], but model.embed_tokens.blocks "
            "needs q4_1 blocks [3, 32]");
  EXPECT_EQ(error_of([&] {
              store->get({"model.embed_tokens.blocks", {3, 33}, kU8, "q8_0"});
            }),
            "param model.embed_tokens.blocks: uint8 [3, 33] cannot hold rows of q8_0 blocks");
}

TEST(Store, TransposesAndReshapes) {
  Folder folder;
  const auto map = folder.write("map.yaml",
                                "format: safetensors\nprefix: ['', 'p.']\nparams:\n"
                                "  a.weight: {from: a, transpose: true}\n"
                                "  b: {from: b, reshape: [1, 1, n]}\n");
  InMemory f(Hf().add("p.a", "[2,3]", {1, 2, 3, 4, 5, 6}).add("b", "[1,1,2]", {7, 8}).bytes());
  auto store = WeightStore::open(f.file, map, Json{{"n", 2}});
  EXPECT_EQ(values<float>(store->get({"a.weight", {3, 2}, kF32})),
            (std::vector<float>{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(values<double>(store->get({"a.weight", {3, 2}, kF64})),
            (std::vector<double>{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(values<float>(store->get({"b", {2}, kF32})), (std::vector<float>{7, 8}));
  EXPECT_EQ(error_of([&] {
              store->get({"b", {3}, kF32});
            }),
            map.string() + ": b: reshape [1, 1, 2] holds other values than [3] of b");
  EXPECT_EQ(error_of([&] {
              store->get({"c", {3}, kF32});
            }),
            map.string() + ": no rule for the param c (did you mean 'b'?)");
  EXPECT_TRUE(store->unused().empty());
}

TEST(Store, FromTensors) {
  auto one = [] { return HostTensor{"a.weight", {2}, kF32, std::vector<uint8_t>(8, 0)}; };
  auto store = WeightStore::from_tensors({one(), {"b", {0}, kU8, {}}});
  EXPECT_EQ(values<float>(store->get({"a.weight", {2}, kF32})), (std::vector<float>{0, 0}));
  EXPECT_EQ(store->unused(), (std::vector<std::string>{"b"}));
  EXPECT_EQ(error_of([&] {
              store->get({"a.weights", {2}, kF32});
            }),
            "no weight a.weights (did you mean 'a.weight'?)");
  EXPECT_EQ(error_of([&] {
              store->get({"a.weight", {2}, kF16});
            }),
            "weight a.weight is float32 [2], expected float16 [2]");
  EXPECT_EQ(error_of([&] {
              WeightStore::from_tensors({one(), one()});
            }),
            "weight a.weight is given twice");
  HostTensor bad = one();
  bad.shape = {3};
  EXPECT_EQ(error_of([&] { WeightStore::from_tensors({bad}); }),
            "weight a.weight: shape [3] of float32 does not fit 8 bytes");
}

}  // namespace
}  // namespace fk::core::test
