// SPDX-License-Identifier: Apache-2.0
// --weights: a folder as transformers writes it takes the place of what the config names, tokenizer
// and chat template included.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <map>

#include "tests/e2e/program.hpp"
#include "tests/support/byte_tokenizer.hpp"
#include "tests/support/test_device.hpp"

namespace fk::test {
namespace {

using Shapes = std::map<std::string, std::vector<int64_t>>;

Shapes llama_shapes(int64_t vocab, int64_t hidden, int64_t layers) {
  Shapes s = {{"model.embed_tokens.weight", {vocab, hidden}},
              {"model.norm.weight", {hidden}},
              {"lm_head.weight", {vocab, hidden}}};
  for (int64_t i = 0; i < layers; ++i) {
    std::string layer = "model.layers." + std::to_string(i) + ".";
    for (const char* name : {"input_layernorm", "post_attention_layernorm"})
      s[layer + name + ".weight"] = {hidden};
    for (const char* name : {"q_proj", "k_proj", "v_proj", "o_proj"})
      s[layer + "self_attn." + name + ".weight"] = {hidden, hidden};
    for (const char* name : {"gate_proj", "up_proj"})
      s[layer + "mlp." + name + ".weight"] = {2 * hidden, hidden};
    s[layer + "mlp.down_proj.weight"] = {hidden, 2 * hidden};
  }
  return s;
}

std::string safetensors(const Shapes& shapes) {
  Json header = Json::object();
  std::string data;
  uint64_t x = 88172645463325252u;
  for (const auto& [name, shape] : shapes) {
    size_t begin = data.size(), count = 1;
    for (int64_t d : shape) count *= size_t(d);
    for (size_t i = 0; i < count; ++i) {
      x ^= x << 13, x ^= x >> 7, x ^= x << 17;
      float value = (float(x >> 40) / float(1 << 24) - 0.5f) * (shape.size() == 1 ? 0.2f : 0.6f);
      if (shape.size() == 1) value += 1;
      data.append(reinterpret_cast<const char*>(&value), 4);
    }
    header[name] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {begin, data.size()}}};
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  uint64_t size = text.size();
  return std::string(reinterpret_cast<const char*>(&size), 8) + text + data;
}

struct Weights : testing::Test {
  Folder f;
  std::string config = tiny_config(f), folder = f / "model";

  Weights() {
    Json c = {{"architectures", {"LlamaForCausalLM"}},
              {"model_type", "llama"},
              {"vocab_size", 258},
              {"hidden_size", 24},
              {"intermediate_size", 48},
              {"num_hidden_layers", 3},
              {"num_attention_heads", 3},
              {"num_key_value_heads", 3},
              {"max_position_embeddings", 64},
              {"rms_norm_eps", 1e-5},
              {"eos_token_id", 256}};
    f.write("model/config.json", c.dump());
    write(llama_shapes(258, 24, 3));
  }
  void write(const Shapes& shapes) { f.write("model/model.safetensors", safetensors(shapes)); }
  Outcome run(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"--config", config, "--weights", folder, "--prompt", "abc", "--json",
                               "--max-tokens", "9"});
    return fk_run(more);
  }
};

TEST_F(Weights, AFolderBringsItsOwnSizes) {
  Outcome o = run({"--raw"});
  ASSERT_EQ(o.code, 0) << o.err;
  Json tree = run({"--dry"}).lines().at(0);
  int layers = 0;
  for (const Json& node : tree["tree"]) layers += node["task"] == "llama_decoder_layer";
  EXPECT_EQ(layers, 3);
  EXPECT_EQ(tree["init"]["vocab_size"], 258);
  EXPECT_EQ(tree["options"]["max_model_len"], 64);
  // The config's tokenizer still fits; its chat template belongs to the config's own model.
  EXPECT_EQ(o.lines()[0]["prompt_token_ids"], Json({'a', 'b', 'c'}));
  EXPECT_NE(o.lines()[0]["token_ids"],
            fk_run({"--config", config, "--prompt", "abc", "--raw", "--json", "--max-tokens", "9"})
                .lines()
                .at(0)["token_ids"]);
}

TEST_F(Weights, AFileIsReadWithTheConfigBesideIt) {
  Json want = run({"--raw"}).lines().at(0)["token_ids"];
  Outcome o = fk_run({"--config", config, "--weights", folder + "/model.safetensors", "--prompt",
                      "abc", "--raw", "--json", "--max-tokens", "9"});
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.lines()[0]["token_ids"], want);
}

// qkv and gate_up go to a card as the tensors of the file, without being put together first.
class WeightsOnACard : public Weights, public testing::WithParamInterface<std::string> {};
TEST_P(WeightsOnACard, GiveTheTokensOfTheCpu) {
  const Outcome cpu = run({"--raw", "--device", "cpu", "--dtype", "float32"}),
                card = run({"--raw", "--device", GetParam(), "--dtype", "float32"});
  ASSERT_EQ(card.code, 0) << card.err;
  EXPECT_EQ(card.lines().at(0)["token_ids"], cpu.lines().at(0)["token_ids"]);
}

// The card that FK_TEST_DEVICE names, where there is one.
std::vector<std::string> card() {
  return test_device().type == FK_CPU
             ? std::vector<std::string>()
             : std::vector<std::string>{"cuda:" + std::to_string(test_device().index)};
}
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(WeightsOnACard);
INSTANTIATE_TEST_SUITE_P(Card, WeightsOnACard, testing::ValuesIn(card()));

TEST_F(Weights, TokenizerTemplateAndStopIdsComeFromTheFolder) {
  f.write("model/tokenizer.json", byte_tokenizer_json());
  Json tc = {{"eos_token", "<|end|>"},
             {"chat_template",
              Json::array({{{"name", "tool_use"}, {"template", "no"}},
                           {{"name", "default"},
                            {"template", "{{ messages[0]['content'] }}{{ eos_token }}"}}})}};
  f.write("model/tokenizer_config.json", tc.dump());
  Json first = run().lines().at(0);
  EXPECT_EQ(first["prompt_token_ids"], Json({'a', 'b', 'c', 256}));
  ASSERT_GE(first["token_ids"].size(), 2u);
  f.write("model/generation_config.json",
          Json({{"eos_token_id", {first["token_ids"][1], 257}}}).dump());
  Json stopped = run().lines().at(0);
  EXPECT_EQ(stopped["finish_reason"], "stop");
  EXPECT_LE(stopped["token_ids"].size(), 2u);
}

TEST_F(Weights, MissingSurplusAndMisshapenTensorsAreNamed) {
  Shapes shapes = llama_shapes(258, 24, 3);
  shapes.erase("model.layers.1.mlp.up_proj.weight");
  write(shapes);
  Outcome o = run();
  EXPECT_EQ(o.code, 2);
  EXPECT_NE(o.err.find("model.layers.1.mlp.up_proj.weight"), std::string::npos) << o.err;
  shapes = llama_shapes(258, 24, 3);
  shapes["model.layers.1.mlp.extra.weight"] = {4};
  write(shapes);
  o = run();
  EXPECT_EQ(o.code, 2);
  EXPECT_NE(o.err.find("1 tensor that no node of the model uses: model.layers.1.mlp.extra.weight;"),
            std::string::npos)
      << o.err;
  shapes = llama_shapes(258, 24, 3);
  shapes["model.norm.weight"] = {25};
  write(shapes);
  o = run();
  EXPECT_EQ(o.code, 2);
  EXPECT_NE(o.err.find("model.norm.weight"), std::string::npos) << o.err;
  EXPECT_NE(o.err.find("25"), std::string::npos) << o.err;
}

TEST_F(Weights, ADtypeIsThatOfTheWeightsToo) {
  Json dry = run({"--dry", "--dtype", "bfloat16"}).lines().at(0);
  for (const Json& w : dry["weights"]) EXPECT_EQ(w["dtype"], "bfloat16") << w;
  Outcome o = run({"--dtype", "bfloat16", "--raw"});
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.lines().at(1)["summary"]["dtype"], "bfloat16");
}

TEST_F(Weights, TheirLoadingIsMeasured) {
  const std::string out = f / "load.json";
  Outcome o = start("fk-bench", {"load", "--config", config, "--weights", folder, "--device", "cpu",
                                 "--repeats", "2", "--json", "--out", out});
  ASSERT_EQ(o.code, 0) << o.err;
  const Json r = o.lines().at(0);
  EXPECT_EQ(Json::parse(std::ifstream(out)), r);
  EXPECT_EQ(r["device"], "cpu");
  EXPECT_EQ(r["files"], Json({folder + "/model.safetensors"}));
  EXPECT_EQ(r["bytes"], std::filesystem::file_size(folder + "/model.safetensors"));
  for (const char* rate : {"disk_gb_s", "page_cache_gb_s", "pinned_upload_gb_s"})
    EXPECT_GT(r[rate], 0) << rate;
  EXPECT_GT(r["cold"]["share"], 0);
  EXPECT_EQ(r["warm"]["seconds"].size(), 2u);
  o = start("fk-bench", {"load", "--config", config, "--weights", folder, "--device", "cpu"});
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_NE(o.out.find("loading, cold "), std::string::npos) << o.out;
  o = start("fk-bench", {"load", "--config", config, "--device", "cpu"});
  EXPECT_EQ(o.code, 2);
  EXPECT_EQ(
      o.err,
      "fk-bench: --config " + config +
          ": its weights are seeded random weights (seed 11), made and not loaded; give files with "
          "--weights\n");
}

}  // namespace
}  // namespace fk::test
