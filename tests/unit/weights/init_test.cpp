// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/weights/helpers.hpp"

namespace fk::core::test {
namespace {

// An empty safetensors file beside this config.
Json init_of(const Json& config) {
  Folder folder;
  folder.write("model.safetensors", safetensors("{}", ""));
  folder.write("config.json", config.dump());
  try {
    return init_from_file(*TensorFile::open(folder.path()), kHfMap, true);
  } catch (const Error& e) {  // the folder's name is random
    std::string text = e.text();
    for (size_t at; (at = text.find(folder.path().string())) != std::string::npos;)
      text.replace(at, folder.path().string().size(), "F");
    throw Error(e.code(), text);
  }
}
Json fixture(const std::string& name) {
  return Json::parse(read_file(kGolden / "config" / (name + ".json")));
}

TEST(InitFromConfig, Llama31) {
  const Json init = init_of(fixture("llama_3_1_8b"));
  EXPECT_EQ(
      init,
      Json::parse(
          R"({"vocab_size":128256,"hidden_size":4096,"intermediate_size":14336,"num_hidden_layers":32,
    "num_attention_heads":32,"num_key_value_heads":8,"head_dim":128,"rms_norm_eps":1e-05,"max_position_embeddings":131072,
    "rope_theta":500000.0,"rope_type":"llama3","rope_factor":8.0,"rope_low_freq_factor":1.0,"rope_high_freq_factor":4.0,
    "rope_original_max_position_embeddings":8192,"tie_word_embeddings":false,"qkv_bias":false,"o_bias":false,
    "mlp_bias":false,"qk_norm":false})"));
}

TEST(InitFromConfig, RopeParametersOfCurrentTransformers) {
  Json config = fixture("llama_3_1_8b");
  Json rope = config["rope_scaling"];
  rope["rope_theta"] = config["rope_theta"];
  const Json before = init_of(config);
  config.erase("rope_scaling");
  config.erase("rope_theta");
  config["rope_parameters"] = rope;
  EXPECT_EQ(init_of(config), before);
}

TEST(InitFromConfig, Mistral) {
  const Json init = init_of(fixture("mistral_7b_v0_1"));
  EXPECT_EQ(init["sliding_window"], 4096);
  EXPECT_EQ(init["head_dim"], 128);
  EXPECT_EQ(init["rope_theta"], 10000.0);
  EXPECT_EQ(init["qkv_bias"], false);
  EXPECT_FALSE(init_of(fixture("mistral_7b_v0_3")).contains("sliding_window"));
}

TEST(InitFromConfig, Qwen2) {
  const Json init = init_of(fixture("qwen2_5_0_5b"));
  EXPECT_EQ(init["qkv_bias"], true);
  EXPECT_EQ(init["o_bias"], false);
  EXPECT_EQ(init["qk_norm"], false);
  EXPECT_EQ(init["tie_word_embeddings"], true);
  EXPECT_EQ(init["head_dim"], 64);
  EXPECT_FALSE(init.contains("sliding_window"));
}

TEST(InitFromConfig, Qwen2SlidingWindow) {
  Json config = fixture("qwen2_5_0_5b");
  config["use_sliding_window"] = true;
  EXPECT_EQ(error_of([&] { init_of(config); }),
            "F: config.json: the task's sliding window holds for all layers, this file's only from "
            "max_window_layers on "
            "(it holds: has(sliding_window) and full_attention_layers > 0)");
  config["max_window_layers"] = 0;
  EXPECT_EQ(init_of(config)["sliding_window"], 32768);
  config["max_window_layers"] = 24;  // all layers look at everything
  EXPECT_FALSE(init_of(config).contains("sliding_window"));
}

TEST(InitFromConfig, Qwen3) {
  const Json init = init_of(fixture("qwen3_8b"));
  EXPECT_EQ(init["qk_norm"], true);
  EXPECT_EQ(init["qkv_bias"], false);
  EXPECT_EQ(init["head_dim"], 128);
  EXPECT_EQ(init["rms_norm_eps"], 1e-6);
}

TEST(InitFromConfig, RefusesWhatTheTaskCannotDo) {
  Json config = fixture("llama_3_1_8b");
  config["rope_scaling"]["rope_type"] = "yarn";
  std::string text = error_of([&] { init_of(config); });
  EXPECT_EQ(text.substr(text.find(": F") + 2),
            "F: config.json: rope_scaling.rope_type is \"yarn\", which rope_type cannot be; "
            "possible: default, linear, llama3");
  config = fixture("llama_3_1_8b");
  config["hidden_act"] = "gelu";
  EXPECT_EQ(error_of([&] { init_of(config); }),
            "F: config.json: the task's activation is silu (it holds: hidden_act != \"silu\")");
  config = fixture("llama_3_1_8b");
  config["architectures"] = {"LlamaForCausalLN"};
  EXPECT_EQ(error_of([&] { init_of(config); }),
            "F: architectures is [\"LlamaForCausalLN\"] (did you mean 'LlamaForCausalLM'?), but " +
                kHfMap.string() +
                " maps LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM");
  config = fixture("llama_3_1_8b");
  config.erase("hidden_size");
  text = error_of([&] { init_of(config); });
  EXPECT_EQ(text.substr(0, text.find(" (/")),
            "F: config.json: no \"hidden_size\", which gives hidden_size");
}

TEST(InitFromConfig, NoConfigAtAll) {
  InMemory f(safetensors("{}", ""));
  const std::string text = error_of([&] { init_from_file(*f.file, kHfMap, false); });
  EXPECT_EQ(text.substr(0, text.find(" (/")),
            "f (no config.json beside it): no \"vocab_size\", which gives vocab_size");
  EXPECT_EQ(error_of([&] { init_from_file(*f.file, kGgufMap, false); }),
            "f: a safetensors file, but " + kGgufMap.string() +
                " maps gguf; name a map with format: safetensors");
}

Gguf small_gguf(uint32_t q_type, uint32_t v_type) {
  Gguf g;
  const std::string a = "qwen3.";
  g.key("general.architecture", 8, Gguf::text("qwen3")).key(a + "block_count", 4, le(1, 4));
  g.key(a + "embedding_length", 4, le(32, 4)).key(a + "feed_forward_length", 4, le(64, 4));
  g.key(a + "attention.head_count", 4, le(2, 4)).key(a + "context_length", 4, le(128, 4));
  const float eps = 1e-6f;
  uint32_t bits;
  std::memcpy(&bits, &eps, 4);
  g.key(a + "attention.layer_norm_rms_epsilon", 6, le(bits, 4))
      .key(a + "attention.key_length", 4, le(16, 4));
  auto row = [](uint32_t type) {
    return std::string(size_t(ggml_block_size(type)->bytes * 32 / ggml_block_size(type)->elements),
                       'x');
  };
  g.add("blk.0.attn_q.weight", {32, 1}, q_type, row(q_type))
      .add("blk.0.attn_v.weight", {32, 1}, v_type, row(v_type));
  g.add("token_embd.weight", {32, 2}, 8, std::string(68, 'x'))
      .add("blk.0.attn_q_norm.weight", {4}, 0, std::string(16, 'x'));
  return g;
}

TEST(InitFromGguf, ReadsKeysAndTensors) {
  InMemory f(small_gguf(3, 3).bytes());
  EXPECT_EQ(
      init_from_file(*f.file, kGgufMap, true),
      Json::parse(R"({"vocab_size":2,"hidden_size":32,"intermediate_size":64,"num_hidden_layers":1,
    "num_attention_heads":2,"num_key_value_heads":2,"head_dim":16,"rms_norm_eps":9.999999974752427e-07,
    "max_position_embeddings":128,"rope_theta":10000.0,"rope_type":"default","tie_word_embeddings":true,"qkv_bias":false,
    "o_bias":false,"mlp_bias":false,"qk_norm":true,"quant":"q4_1","embedding_quant":"q8_0","lm_head_quant":"q8_0"})"));
  EXPECT_EQ(init_from_file(*f.file, kGgufMap, false)["quant"], "none");
  EXPECT_EQ(init_from_file(*f.file, kGgufMap, false)["lm_head_quant"], "none");
}

TEST(InitFromGguf, MixedTypesAreNotKept) {
  InMemory mixed(small_gguf(3, 8).bytes()), unsupported(small_gguf(0, 0).bytes());
  EXPECT_EQ(init_from_file(*mixed.file, kGgufMap, true)["quant"], "none");
  EXPECT_EQ(init_from_file(*mixed.file, kGgufMap, true)["embedding_quant"], "q8_0");
  EXPECT_EQ(init_from_file(*unsupported.file, kGgufMap, true)["quant"], "none");
}

TEST(InitFromGguf, RefusesExpertsAndOtherArchitectures) {
  InMemory experts(small_gguf(3, 3).key("qwen3.expert_count", 4, le(8, 4)).bytes());
  EXPECT_EQ(error_of([&] { init_from_file(*experts.file, kGgufMap, true); }),
            "f: the task has no experts (it holds: experts > 0)");
  InMemory scaled(small_gguf(3, 3).add("rope_freqs.weight", {4}, 0, std::string(16, 'x')).bytes());
  EXPECT_EQ(error_of([&] { init_from_file(*scaled.file, kGgufMap, true); }),
            "f: its rope_freqs.weight scales the rotary frequencies by factors that no key names; "
            "use the model's "
            "safetensors files (it holds: rope_freqs)");
  InMemory other(Gguf().key("general.architecture", 8, Gguf::text("gemma3")).bytes());
  EXPECT_EQ(error_of([&] { init_from_file(*other.file, kGgufMap, true); }),
            "f: general.architecture is \"gemma3\", but " + kGgufMap.string() +
                " maps llama, qwen2, qwen3");
}

}  // namespace
}  // namespace fk::core::test
