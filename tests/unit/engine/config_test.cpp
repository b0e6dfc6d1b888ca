// SPDX-License-Identifier: Apache-2.0
#include "core/engine/config.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/base/dtype.hpp"
#include "tests/support/errors.hpp"

namespace fk::test {
namespace {

core::Config parse(const std::string& text) {
  return core::parse_config(text, "configs/x.yaml", "/packages");
}
std::string refused(const std::string& text) {
  return error_of([&] { parse(text); });
}

TEST(Config, ReadsEveryKey) {
  core::Config c = parse(
      "model: llama\nengine: causal_lm\nweights: {package: p, path: a/b.gguf}\nnames: "
      "[weights/a.yaml, weights/b.yaml]\n"
      "dtype: bfloat16\nquant: none\ninit: {vocab_size: 3, rope_theta: 1.0e+4, "
      "tie_word_embeddings: true, rope_type: llama3}\n"
      "tokenizer: tok.json\nchat_template: none\nstop: [2, \"\\n\\n\", \"3\"]\n"
      "options: {block_size: 8, num_blocks: 9, max_model_len: 10, max_num_seqs: 11, "
      "max_num_batched_tokens: 12}\n");
  EXPECT_EQ(c.model, "llama");
  EXPECT_EQ(c.weights.path, "/packages/p/a/b.gguf");
  EXPECT_EQ(c.names.size(), 2u);
  EXPECT_EQ(c.names[1], std::filesystem::absolute("configs/weights/b.yaml"));
  EXPECT_EQ(core::dtype_name(c.dtype), "bfloat16");
  EXPECT_FALSE(c.keep_quant);
  EXPECT_EQ(
      c.init.dump(),
      R"({"vocab_size":3,"rope_theta":10000.0,"tie_word_embeddings":true,"rope_type":"llama3"})");
  EXPECT_EQ(c.tokenizer->path, std::filesystem::absolute("configs/tok.json"));
  EXPECT_TRUE(c.no_chat_template);
  EXPECT_EQ(c.stop_ids, std::vector<int32_t>{2});
  EXPECT_EQ(c.stop_strings, (std::vector<std::string>{"\n\n", "3"}));
  EXPECT_EQ(c.options.block_size, 8);
  EXPECT_EQ(c.options.max_num_batched_tokens, 12);
}

TEST(Config, EveryConfigOfTheTreeIsRead) {
  int n = 0;
  for (const auto& e :
       std::filesystem::directory_iterator(std::string(FK_SOURCE_DIR) + "/configs")) {
    if (e.path().extension() != ".yaml") continue;
    EXPECT_NO_THROW(core::load_config(e.path(), "/packages")) << e.path();
    ++n;
  }
  EXPECT_GE(n, 6);
}

TEST(Config, MistakesAreNamedWithTheirPlace) {
  EXPECT_EQ(refused("model: llama\nengin: causal_lm\n"),
            "configs/x.yaml:2:1: unknown key \"engin\" in a config, expected one of: model, "
            "engine, weights, names, dtype, quant, init, "
            "tokenizer, chat_template, stop, options (did you mean 'engine'?)");
  EXPECT_EQ(refused("model: llama\nengine: casual_lm\n"),
            "configs/x.yaml:2:9: found \"casual_lm\", expected one of causal_lm, encoder");
  EXPECT_EQ(refused("engine: encoder\n"),
            "configs/x.yaml:1:1: a config has no \"model\", expected one");
  EXPECT_EQ(refused("model: m\nengine: encoder\nweights: {seed: 1, path: x}\n"),
            "configs/x.yaml:3:10: found both a seed and a file, expected one of them");
  EXPECT_EQ(refused("model: m\nengine: encoder\noptions: {block_size: 0}\n"),
            "configs/x.yaml:3:23: found 0, expected a whole number between 1 and 65536");
  EXPECT_EQ(refused("model: m\nengine: encoder\noptions: {block_size: big}\n"),
            "configs/x.yaml:3:23: found \"big\", expected a whole number");
  EXPECT_EQ(refused("model: m\nengine: encoder\nquant: q4\n"),
            "configs/x.yaml:3:8: found \"q4\", expected one of keep, none");
  EXPECT_EQ(refused("model: m\nengine: encoder\nstop: [2, -1]\n"),
            "configs/x.yaml:3:11: found -1, expected a whole number between 0 and 2147483647");
  EXPECT_EQ(refused("model: m\nengine: encoder\nstop: [\"\"]\n"),
            "configs/x.yaml:3:8: found an empty string, expected a token id or a string");
  EXPECT_EQ(refused("model: m\nmodel: n\nengine: encoder\n"),
            "configs/x.yaml:2:1: key \"model\" is here twice, first on line 1; expected it once");
}

TEST(Config, AMissingFileSaysWhatItsFolderHolds) {
  std::string folder = std::string(FK_SOURCE_DIR) + "/configs";
  std::string text = error_of([&] { core::load_config(folder + "/lama.yaml", "/packages"); });
  EXPECT_EQ(text.find(folder + "/lama.yaml: no such config; its folder holds "), 0u) << text;
  EXPECT_NE(text.find("llama.yaml"), std::string::npos);
}

}  // namespace
}  // namespace fk::test
