// SPDX-License-Identifier: Apache-2.0
// Texts, chats, plans and dry runs.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/e2e/program.hpp"

namespace fk::test {
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Run, ATextIsFollowedByThePlanAndItsReasons) {
  Folder f;
  Outcome o = fk_run({"--config", tiny_config(f), "--prompt", "hello", "--max-tokens", "5"});
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_TRUE(has(o.out, "\nplan ")) << o.out;
  EXPECT_TRUE(has(o.out, "layers.0-1"));
  EXPECT_TRUE(has(o.out, " x2 "));
  EXPECT_TRUE(has(o.out, "only baseline"));
  EXPECT_TRUE(has(o.out, "sampler: sample"));
  EXPECT_TRUE(has(o.out, "answer 5 tokens (length); first token after "));
  EXPECT_TRUE(has(o.out, " tok/s; peak memory "));
}

TEST(Run, RawPromptsHaveNoTemplate) {
  Folder f;
  std::string config = tiny_config(f);
  Json raw = fk_run({"--config", config, "--prompt", "abc", "--raw", "--json", "--max-tokens", "2"})
                 .lines()
                 .at(0);
  EXPECT_EQ(raw["prompt_token_ids"], Json({'a', 'b', 'c'}));
  Json chat = fk_run({"--config", config, "--prompt", "abc", "--system", "s", "--json",
                      "--max-tokens", "2"})
                  .lines()
                  .at(0);
  EXPECT_EQ(chat["prompt_token_ids"].size(),
            std::string("system: s\nuser: abc\nassistant: ").size());
}

TEST(Run, AConversationRemembersAndResets) {
  Folder f;
  Outcome o = fk_run({"--config", tiny_config(f), "--chat", "--max-tokens", "4"},
                     "hi\nagain\n/reset\nhi\n/plan\n/nonsense\n/quit\nnot read\n");
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_TRUE(has(o.out, "plan "));
  EXPECT_TRUE(has(o.err, "unknown command /nonsense; there are /reset, /plan and /quit"));
  std::vector<std::string> sizes;
  for (size_t at = 0; (at = o.err.find(" tokens in, ", at)) != std::string::npos; ++at) {
    size_t open = o.err.rfind('(', at);
    sizes.push_back(o.err.substr(open + 1, at - open - 1));
  }
  ASSERT_EQ(sizes.size(), 3u) << o.err;
  EXPECT_GT(std::stoi(sizes[1]),
            std::stoi(sizes[0]) + 10);  // the second question carries the first and its answer
  EXPECT_EQ(sizes[2], sizes[0]);
}

TEST(Run, AConversationPastTheContextSaysHowToGoOn) {
  Folder f;
  Outcome o = fk_run({"--config", tiny_config(f), "--chat", "--max-tokens", "4"},
                     std::string(150, 'x') + "\nhi\n");
  EXPECT_EQ(o.code, 0);
  EXPECT_TRUE(has(o.err, "the context holds 128")) << o.err;
  EXPECT_TRUE(has(o.err, "(/reset begins a new conversation)"));
  EXPECT_TRUE(has(o.err, " tokens in, 4 out"));
}

TEST(Run, APlanIsSavedAndReplayed) {
  Folder f;
  std::string config = tiny_config(f), plan = f / "plan.yaml";
  std::vector<std::string> base = {"--config", config,         "--prompt", "abc",
                                   "--json",   "--max-tokens", "4"};
  auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), base.begin(), base.end());
    return fk_run(more);
  };
  Outcome first = with({"--pin", "silu_and_mul=reference", "--save-plan", plan});
  ASSERT_EQ(first.code, 0) << first.err;
  Outcome again = with({"--plan", plan});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(again.lines()[1]["summary"]["plan_hash"], first.lines()[1]["summary"]["plan_hash"]);
  EXPECT_NE(with({}).lines()[1]["summary"]["plan_hash"], first.lines()[1]["summary"]["plan_hash"]);
  Outcome none = with({"--plan", f / "none"});
  EXPECT_EQ(none.code, 2);
  EXPECT_EQ(none.err, "fk-run: " + f / "none" + ": cannot be read\n");
}

TEST(Run, TheTimeLayerAddsUp) {
  Folder f;
  Outcome o = fk_run({"--config", tiny_config(f), "--prompt", "abc", "--max-tokens", "3",
                      "--layers", "time,validate"});
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_TRUE(has(o.out, "time by task, without its children:")) << o.out;
  EXPECT_TRUE(has(o.out, " calls  linear"));
}

TEST(Dry, ShowsTreeWeightsAndStateOfModelsThatNeedABiggerMachine) {
  struct Case {
    const char* config;
    int64_t parameters;
    int64_t layers;
  };
  // Parameters as the models' cards and transformers count them.
  for (Case c : {Case{"llama_3_1_8b", 8030261248, 32}, Case{"qwen3_8b", 8190735360, 36},
                 Case{"mistral_7b", 7241732096, 32}}) {
    std::string config = std::string("configs/") + c.config + ".yaml";
    Outcome o = fk_run({"--config", config, "--dry", "--json"});
    ASSERT_EQ(o.code, 0) << c.config << o.err;
    Json j = o.lines().at(0);
    EXPECT_EQ(j["missing_tasks"], Json::array());
    EXPECT_EQ(j["weights_bytes"], c.parameters * 2) << c.config;
    int64_t layers = 0;
    for (const Json& node : j["tree"]) layers += node["task"] == "llama_decoder_layer";
    EXPECT_EQ(layers, c.layers);
    EXPECT_GT(j["state_bytes"], int64_t{1} << 30);
    Outcome text = fk_run({"--config", config, "--dry"});
    EXPECT_EQ(text.code, 0);
    EXPECT_TRUE(has(text.out, "missing tasks: none"));
    EXPECT_TRUE(has(text.out, "layers.0-" + std::to_string(c.layers - 1)));
  }
}

// With the CPU's plugins alone, whatever else the build tree holds.
TEST(Dry, WithoutABaselineForTheDeviceTheTasksAreNamed) {
  Folder f;
  for (const char* plugin : {"cpu", "reference", "composed"})
    std::filesystem::create_directory_symlink(
        std::filesystem::path(FK_BUILD_DIR) / "plugins" / plugin, f.path() / plugin);
  Outcome o =
      start("fk-run", {"--config", "configs/llama.yaml", "--dry", "--json", "--device", "cuda:0"},
            "", {"FK_PLUGINS=" + f.path().string()});
  EXPECT_EQ(o.code, 3) << o.err;
  EXPECT_EQ(o.lines().at(0)["missing_tasks"],
            Json({"embedding", "rotary_embedding", "rms_norm", "linear", "store_kvcache",
                  "paged_attention", "silu_and_mul", "index_select"}));
}

TEST(List, ShowsTasksImplementationsAndRefusals) {
  Folder f;
  f.write("silu_and_mul/broken/plugin.yaml", "name: broken\nversion: 1.0.0\nlibrary: broken.so\n");
  f.write("silu_and_mul/broken/broken.so", "this is no library");
  Outcome o = start("fk", {"list", "--json", "--candidates", f.path().string()});
  ASSERT_EQ(o.code, 0) << o.err;
  Json j = o.lines().at(0);
  bool found = false;
  for (const Json& t : j["tasks"]) {
    if (t["task"] != "silu_and_mul") continue;
    found = true;
    EXPECT_GE(t["implementations"].size(), 2u);
  }
  EXPECT_TRUE(found);
  bool refused = false;
  for (const Json& r : j["refusals"])
    refused |= r["plugin"] == "broken" && !r["reason"].get<std::string>().empty();
  EXPECT_TRUE(refused) << j["refusals"];
  Outcome text = start("fk-list", {"--candidates", f.path().string()});
  EXPECT_TRUE(has(text.out, "not taken:")) << text.out;
  EXPECT_TRUE(has(text.out, "silu_and_mul"));
  Outcome wrong = start("fk", {"list", "silu_and_mull"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_TRUE(has(wrong.err, "silu_and_mul"));
}

TEST(Describe, ExplainsATask) {
  Outcome o = start("fk", {"describe", "rms_norm"});
  ASSERT_EQ(o.code, 0) << o.err;
  for (const char* text : {"rms_norm (L1, revision ", "hidden_size", "inputs:", "signature ",
                           "cpu/cpu", "fk new candidate rms_norm NAME"}) {
    EXPECT_TRUE(has(o.out, text)) << text;
  }
  Json j = start("fk", {"describe", "rms_norm", "--json"}).lines().at(0);
  EXPECT_EQ(j["level"], 1);
  EXPECT_EQ(j["init"][0]["name"], "hidden_size");
  EXPECT_GE(j["implementations"].size(), 2u);
}

TEST(Tokenize, GivesTheIdsOfEveryLine) {
  Folder f;
  tiny_config(f);
  std::string text = f.write("text", "ab\n\n<|end|>c\n");
  Outcome o =
      start("fk", {"tokenize", "--tokenizer", f / "tokenizer.json", "--file", text, "--json"});
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.out, "[97,98]\n[]\n[256,99]\n");
  o = start("fk", {"tokenize", "--tokenizer", f / "none.json", "--file", text});
  EXPECT_EQ(o.code, 2);
  EXPECT_EQ(o.err, "fk tokenize: --tokenizer " + f / "none.json" + ": no such file\n");
}

TEST(Score, IsConsistentWhateverTheChunks) {
  Folder f;
  std::string config = tiny_config(f),
              text = f.write("text",
                             "A text of more than a few bytes, whose likelihood is asked for.");
  auto score = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"score", "--config", config, "--file", text, "--json"});
    Outcome o = start("fk", more);
    EXPECT_EQ(o.code, 0) << o.err;
    return o.lines().at(0);
  };
  Json a = score({});
  EXPECT_EQ(a["tokens"], 62);
  EXPECT_NEAR(a["perplexity"].get<double>(), std::exp(a["nll"].get<double>() / 62), 1e-6);
  EXPECT_NEAR(score({"--max-num-batched-tokens", "5"})["nll"].get<double>(), a["nll"].get<double>(),
              1e-3);
  Json cut = score({"--max-model-len", "20"});
  EXPECT_EQ(cut["tokens"], 19);
  EXPECT_EQ(cut["text_tokens"], 63);
  Outcome o = start("fk", {"score", "--config", config, "--file", f.write("one", "x")});
  EXPECT_EQ(o.code, 2);
  EXPECT_EQ(
      o.err,
      "fk score: " + f / "one" +
          ": the text has 1 token; a score needs at least 2, since the first is not scored\n");
}

}  // namespace
}  // namespace fk::test
