// SPDX-License-Identifier: Apache-2.0
// Files of prompts: what is accepted, what is refused with its line, and the shape of --json.
#include <gtest/gtest.h>

#include "tests/e2e/program.hpp"

namespace fk::test {
namespace {

struct Inputs : testing::Test {
  Folder f;
  std::string config = tiny_config(f);

  Outcome run(const std::string& jsonl, std::vector<std::string> more = {}) {
    std::vector<std::string> words = {
        "--config", config, "--input", f.write("in.jsonl", jsonl), "--json", "--max-tokens", "6"};
    words.insert(words.end(), more.begin(), more.end());
    return fk_run(words);
  }
  void refused(const std::string& jsonl, const std::string& message) {
    Outcome o = run(jsonl);
    EXPECT_EQ(o.code, 2);
    EXPECT_EQ(o.err, "fk-run: " + f / "in.jsonl" + message + "\n");
    EXPECT_EQ(o.out, "");
  }
};

TEST_F(Inputs, OneLineARequestInInputOrderThenASummary) {
  Outcome o = run(
      "{\"id\": \"long\", \"prompt\": \"a rather long prompt that takes more steps than the "
      "others\"}\n"
      "\n{\"token_ids\": [72, 105]}\n"
      "{\"id\": 7, \"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], \"max_tokens\": 2}\n",
      {"--top-logits", "3"});
  ASSERT_EQ(o.code, 0) << o.err;
  auto lines = o.lines();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0]["id"], "long");
  EXPECT_EQ(lines[1]["id"], 1);
  EXPECT_EQ(lines[2]["id"], 7);
  EXPECT_EQ(lines[1]["prompt_token_ids"], Json({72, 105}));
  EXPECT_EQ(lines[0]["prompt_token_ids"].size(), 58u);
  std::string chat = "user: Hi\nassistant: ";
  EXPECT_EQ(lines[2]["prompt_token_ids"].size(), chat.size());
  EXPECT_EQ(lines[2]["prompt_token_ids"][0], int('u'));
  EXPECT_EQ(lines[2]["token_ids"].size(), 2u);
  for (int i = 0; i < 3; ++i) {
    std::vector<std::string> keys;
    for (auto& [key, value] : lines[size_t(i)].items()) keys.push_back(key);
    EXPECT_EQ(keys, (std::vector<std::string>{"id", "prompt_token_ids", "token_ids", "text",
                                              "finish_reason", "timing", "top_logits"}));
    EXPECT_EQ(lines[size_t(i)]["top_logits"].size(), 3u);
    EXPECT_EQ(lines[size_t(i)]["top_logits"][0][0], lines[size_t(i)]["token_ids"][0]);
    EXPECT_GT(lines[size_t(i)]["timing"]["ttft_ms"], 0.0);
    EXPECT_GT(lines[size_t(i)]["timing"]["decode_tokens_per_s"], 0.0);
    EXPECT_EQ(lines[size_t(i)]["finish_reason"], "length");
  }
  const Json& s = lines[3]["summary"];
  EXPECT_EQ(s["requests"], 3);
  EXPECT_EQ(s["generated_tokens"], 14);
  EXPECT_EQ(s["plan_hash"].get<std::string>().size(), 32u);
  EXPECT_GT(s["tokens_per_s"], 0.0);
  EXPECT_GT(s["peak_memory_bytes"], 1 << 20);
}

TEST_F(Inputs, EngineSizesAndThreadsChangeNoToken) {
  std::string jsonl;
  for (int i = 0; i < 9; ++i)
    jsonl += "{\"prompt\": \"" + std::string(size_t(5 + i * 8), char('a' + i)) +
             "\", \"seed\": " + std::to_string(i) + "}\n";
  auto tokens = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"--temperature", "0.7"});
    Outcome o = run(jsonl, more);
    EXPECT_EQ(o.code, 0) << o.err;
    std::vector<Json> all;
    for (const Json& l : o.lines()) all.push_back(l.value("token_ids", Json()));
    return all;
  };
  auto want = tokens({"--max-num-seqs", "1", "--threads", "1"});
  ASSERT_EQ(want.size(), 10u);
  EXPECT_NE(want[0], want[1]);
  EXPECT_EQ(tokens({}), want);
  EXPECT_EQ(tokens({"--threads", "2", "--block-size", "7"}), want);
  EXPECT_EQ(tokens({"--max-num-batched-tokens", "5"}), want);
  EXPECT_EQ(tokens({"--num-blocks", "35"}), want);
}

TEST_F(Inputs, MistakesAreNamedWithTheirLine) {
  refused("{\"prompt\": \"a\"}\n{\"prompt\": \"b\"\n",
          ":2: byte 15 is where this stops being JSON; a line looks like {\"id\": \"a\", "
          "\"prompt\": \"text\"}");
  refused("{\"prompt\": \"a\"}\n\n{\"promt\": \"b\"}\n",
          ":3: unknown key \"promt\" (did you mean 'prompt'?); a line may have: prompt, messages, "
          "token_ids, id, max_tokens, temperature, "
          "top_k, top_p, min_p, seed, stop");
  refused("{\"prompt\": \"a\", \"seed\": 1e999}\n",
          ":1: no JSON that can be read: [json.exception.out_of_range.406] number overflow parsing "
          "'1e999'");
  refused("[1]\n", ":1: a line must be a JSON object, found [1]");
  refused("{\"id\": 1}\n",
          ":1: a line has one of \"prompt\", \"messages\" and \"token_ids\", found none of them");
  refused("{\"prompt\": \"a\", \"token_ids\": [1]}\n",
          ":1: a line has one of \"prompt\", \"messages\" and \"token_ids\", found prompt and "
          "token_ids");
  refused("{\"prompt\": \"\"}\n", ":1: the prompt is empty");
  refused("{\"prompt\": 3}\n", ":1: \"prompt\" must be text, found 3");
  refused("{\"token_ids\": []}\n",
          ":1: \"token_ids\" must be a list with at least one id, found []");
  refused("{\"token_ids\": [1, -2]}\n",
          ":1: \"token_ids\" must be whole numbers from 0 on, found -2");
  refused("{\"token_ids\": [1, 260]}\n",
          ":1: request '0': token id 260 at position 1 lies outside the vocabulary of 260");
  refused("{\"messages\": []}\n",
          ":1: \"messages\" must be a list with at least one message, found []");
  refused("{\"messages\": [\"hi\"]}\n",
          ":1: message 0 must be an object with \"role\" and \"content\", found \"hi\"");
  refused("{\"prompt\": \"a\", \"temperature\": \"hot\"}\n",
          ":1: \"temperature\" must be a number, found \"hot\"");
  refused("{\"prompt\": \"a\", \"id\": [1]}\n",
          ":1: \"id\" must be text or a whole number, found [1]");
  refused("\n  \n", ": it holds no prompts");
}

TEST_F(Inputs, APromptLongerThanTheContextIsRefused) {
  refused("{\"prompt\": \"ok\"}\n{\"id\": \"b\", \"prompt\": \"" + std::string(200, 'x') + "\"}\n",
          ":2: request 'b': the prompt has 200 tokens and the context holds 128 (one of them for "
          "the answer); shorten the prompt or raise "
          "max_model_len");
}

TEST_F(Inputs, AFileThatIsNotThere) {
  Outcome o = fk_run({"--config", config, "--input", f / "none.jsonl"});
  EXPECT_EQ(o.code, 2);
  EXPECT_EQ(o.err, "fk-run: " + f / "none.jsonl" + ": cannot be read\n");
}

TEST_F(Inputs, WhatAModelLacksIsSaid) {
  Outcome o = fk_run({"--config", "configs/rwkv7_tiny.yaml", "--prompt", "hi"});
  EXPECT_EQ(o.code, 2);
  EXPECT_EQ(o.err,
            "fk-run: --prompt: configs/rwkv7_tiny.yaml has no tokenizer; give \"token_ids\" in an "
            "--input file, or a tokenizer.json with "
            "--tokenizer\n");
  std::string plain = tiny_config(f) + "";
  std::string text = "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}\n";
  std::string no_template =
      f.write("no_template.yaml",
              "model: llama\nengine: causal_lm\nweights: {seed: 1}\nnames: " FK_SOURCE_DIR
              "/configs/weights/llama_hf.yaml\ntokenizer: tokenizer.json\n"
              "init: {vocab_size: 260, hidden_size: 32, intermediate_size: 48, num_hidden_layers: "
              "1, num_attention_heads: 4}\n");
  o = fk_run({"--config", no_template, "--input", f.write("in.jsonl", text)});
  EXPECT_EQ(o.code, 2);
  EXPECT_EQ(o.err, "fk-run: " + f / "in.jsonl" + ":1: " + no_template +
                       " has no chat template; give \"prompt\" instead of \"messages\"\n");
}

TEST_F(Inputs, RecurrentModelsRunTheSameWay) {
  Outcome o =
      fk_run({"--config", "configs/rwkv7_tiny.yaml", "--json", "--max-tokens", "5", "--input",
              f.write("in.jsonl", "{\"token_ids\": [1, 2, 3]}\n{\"token_ids\": [9]}\n")});
  ASSERT_EQ(o.code, 0) << o.err;
  auto lines = o.lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0]["token_ids"].size(), 5u);
  EXPECT_EQ(lines[0]["text"], "");
}

}  // namespace
}  // namespace fk::test
