// SPDX-License-Identifier: Apache-2.0
// What a malformed tokenizer file is told, word for word.
#include "core/base/error.hpp"

#include <gtest/gtest.h>

#include "core/base/json.hpp"
#include "core/text/tokenizer.hpp"

using fk::core::Error;
using fk::core::Tokenizer;
using nlohmann::json;

namespace {

template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const Error& e) { return e.text(); }
  return "no error";
}
std::string load(const std::string& text) {
  return error_of([&] { Tokenizer::from_tokenizer_json_text(text, "t.json"); });
}
json minimal() {
  return json::parse(R"({"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
    "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": null,
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}})");
}
std::string with(const char* pointer, const char* value) {
  json j = minimal();
  j[json::json_pointer(pointer)] = json::parse(value);
  return load(j.dump());
}

TEST(TokenizerJson, MinimalLoads) { EXPECT_EQ(load(minimal().dump()), "no error"); }

TEST(TokenizerJson, Truncated) {
  EXPECT_EQ(load("{\"version\": \"1.0\",\n \"model\": {"),
            "t.json:2:12: not JSON: the text ends in the middle of a value; is the file complete?");
  EXPECT_EQ(load(""),
            "t.json:1:1: not JSON: the text ends in the middle of a value; is the file complete?");
}
TEST(TokenizerJson, NumbersOutOfRange) {
  EXPECT_EQ(load("{\"a\": -2.5E0787}"),
            "t.json: not JSON that can be read: number overflow parsing '-2.5E0787'");
}
TEST(TokenizerJson, NotJson) {
  EXPECT_EQ(load("{\n  \"a\": nope}"),
            "t.json:2:9: not JSON: syntax error while parsing value - invalid literal; last read: "
            "'\"a\": no'");
}
TEST(TokenizerJson, NotAnObject) {
  EXPECT_EQ(load("[]"), "t.json: expected an object, found an array of 0");
}
TEST(TokenizerJson, UnknownFields) {
  EXPECT_EQ(
      with("/surprise", "1"),
      "t.json: unknown field 'surprise'; known are version, truncation, padding, added_tokens, "
      "normalizer, pre_tokenizer, post_processor, decoder, model");
  EXPECT_EQ(with("/model/colour", "1"),
            "t.json: model: unknown field 'colour'; known are type, vocab, merges, dropout, "
            "unk_token, continuing_subword_prefix, end_of_word_suffix, fuse_unk, byte_fallback, "
            "ignore_merges");
}
TEST(TokenizerJson, Model) {
  EXPECT_EQ(with("/model", "null"), "t.json: the field 'model' is missing");
  EXPECT_EQ(with("/model/type", "\"Chars\""),
            "t.json: model: model 'Chars' is not supported; supported are BPE, Unigram, WordLevel, "
            "WordPiece");
  EXPECT_EQ(with("/model/dropout", "0.1"),
            "t.json: model.dropout: dropout makes ids random and is not supported; use 0 or null");
  EXPECT_EQ(with("/version", "\"2.0\""), "t.json: version: expected \"1.0\", found \"2.0\"");
}
TEST(TokenizerJson, Vocabulary) {
  EXPECT_EQ(with("/model/vocab", "7"), "t.json: model.vocab: expected an object, found 7");
  EXPECT_EQ(with("/model/vocab/a", "\"x\""),
            "t.json: model.vocab: expected an integer id for 'a', found \"x\"");
  EXPECT_EQ(with("/model/vocab/a", "-1"),
            "t.json: model.vocab: token \"a\" has id -1, outside 0 to 4194303");
  EXPECT_EQ(with("/model/vocab/a", "99999999999"),
            "t.json: model.vocab: token \"a\" has id 99999999999, outside 0 to 4194303");
  EXPECT_EQ(with("/model/vocab/b", "0"),
            "t.json: model.vocab: id 0 is given to both \"a\" and \"b\"");
}
TEST(TokenizerJson, Merges) {
  EXPECT_EQ(with("/model/merges/0", "\"a\""),
            "t.json: model.merges[0]: expected \"left right\" or [left, right]");
  EXPECT_EQ(with("/model/merges/0", "\"a b c\""),
            "t.json: model.merges[0]: expected \"left right\" or [left, right]");
  EXPECT_EQ(with("/model/merges/0", "[\"a\", 1]"),
            "t.json: model.merges[0]: expected \"left right\" or [left, right]");
  EXPECT_EQ(with("/model/merges/0", "\"a c\""),
            "t.json: merges[0] needs the token 'c', which is not in the vocabulary");
  EXPECT_EQ(with("/model/merges/0", "\"b a\""),
            "t.json: merges[0] needs the token 'ba', which is not in the vocabulary");
  EXPECT_EQ(with("/model/unk_token", "\"?\""), "t.json: unk_token '?' is not in the vocabulary");
}
TEST(TokenizerJson, UnsupportedSteps) {
  EXPECT_EQ(
      with("/normalizer", R"({"type": "Rot13"})"),
      "t.json: normalizer: normalizer 'Rot13' is not supported; supported are BertNormalizer, "
      "ByteLevel, Lowercase, NFC, NFD, NFKC, NFKD, Nmt, Precompiled, Prepend, Replace, "
      "Sequence, Strip, StripAccents");
  EXPECT_EQ(with("/pre_tokenizer", R"({"type": "UnicodeScripts"})"),
            "t.json: pre_tokenizer: pre-tokenizer 'UnicodeScripts' is not supported; supported are "
            "BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, FixedLength, Metaspace, "
            "Punctuation, Sequence, Split, Whitespace, WhitespaceSplit");
  EXPECT_EQ(
      with("/decoder", R"({"type": "CTC"})"),
      "t.json: decoder: decoder 'CTC' is not supported; supported are ByteFallback, ByteLevel, "
      "Fuse, Metaspace, Replace, Sequence, Strip, WordPiece");
  EXPECT_EQ(with("/post_processor", R"({"type": "Magic"})"),
            "t.json: post_processor: post-processor 'Magic' is not supported; supported are "
            "BertProcessing, ByteLevel, RobertaProcessing, Sequence, TemplateProcessing");
  EXPECT_EQ(
      with("/normalizer", R"({"type": "Sequence", "normalizers": [{"type": "NFC", "x": 1}]})"),
      "t.json: normalizer.normalizers[0]: unknown field 'x'; known are type");
}
TEST(TokenizerJson, Patterns) {
  const auto split = [](const std::string& pattern) {
    const json j = {{"type", "Split"},
                    {"behavior", "Isolated"},
                    {"invert", false},
                    {"pattern", {{"Regex", pattern}}}};
    return with("/pre_tokenizer", j.dump().c_str());
  };
  EXPECT_EQ(split("a("),
            "t.json: pre_tokenizer.pattern: pattern \"a(\": missing closing parenthesis");
  EXPECT_EQ(split("[a&&b]"),
            "t.json: pre_tokenizer.pattern: pattern \"[a&&b]\", offset 2: '&&' in a class is not "
            "supported");
  EXPECT_EQ(
      split("[a[b]]"),
      "t.json: pre_tokenizer.pattern: pattern \"[a[b]]\", offset 2: a class inside a class is "
      "not supported");
  EXPECT_EQ(split("\\h"),
            "t.json: pre_tokenizer.pattern: pattern \"\\\\h\", offset 0: '\\h' is not supported");
  EXPECT_EQ(split("(?m:.)"),
            "t.json: pre_tokenizer.pattern: pattern \"(?m:.)\", offset 2: the option 'm' is not "
            "supported");
  EXPECT_EQ(with("/pre_tokenizer",
                 R"({"type": "Split", "behavior": "Sideways", "pattern": {"String": "a"}})"),
            "t.json: pre_tokenizer.behavior: expected Removed, Isolated, MergedWithPrevious, "
            "MergedWithNext or Contiguous, found Sideways");
}
TEST(TokenizerJson, AddedTokens) {
  const auto added = [](const char* more) {
    json t = {{"id", 3}, {"content", "<s>"}, {"special", true}};
    t.update(json::parse(more));
    return with("/added_tokens", json::array({t}).dump().c_str());
  };
  EXPECT_EQ(added("{}"), "no error");
  EXPECT_EQ(added(R"({"id": -4})"), "t.json: added_tokens[0].id: expected 0 to 4194303, found -4");
  EXPECT_EQ(added(R"({"id": 1})"),
            "t.json: added_tokens[0]: added token '<s>' has id 1, which is 'b' in the model's "
            "vocabulary");
  EXPECT_EQ(added(R"({"content": "ab"})"),
            "t.json: added_tokens[0]: added token 'ab' has id 3, but 2 in the model's vocabulary");
  EXPECT_EQ(added(R"({"special": "yes"})"),
            "t.json: added_tokens[0].special: expected true or false, found \"yes\"");
}
TEST(TokenizerJson, Template) {
  EXPECT_EQ(with("/post_processor",
                 R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>"}},
                     {"Sequence": {"id": "A"}}], "special_tokens": {}})"),
            "t.json: post_processor.special_tokens: the template uses '<s>', which is not listed");
}
TEST(TokenizerJson, Precompiled) {
  EXPECT_EQ(
      with("/normalizer", R"({"type": "Precompiled", "precompiled_charsmap": "AAA"})"),
      "t.json: normalizer.precompiled_charsmap: a character map of 2 bytes with an index of 0 "
      "bytes");
  EXPECT_EQ(with("/normalizer", R"({"type": "Precompiled", "precompiled_charsmap": "/////w=="})"),
            "t.json: normalizer.precompiled_charsmap: a character map of 4 bytes with an index of "
            "4294967295 bytes");
  EXPECT_EQ(with("/normalizer", R"({"type": "Precompiled", "precompiled_charsmap": "A*"})"),
            "t.json: normalizer.precompiled_charsmap: character 1 is not base64");
}
TEST(TokenizerJson, CatastrophicPatternGivesUp) {
  json j = minimal();
  j["pre_tokenizer"] = {{"type", "Split"},
                        {"behavior", "Isolated"},
                        {"invert", false},
                        {"pattern", {{"Regex", "(a+)+$"}}}};
  const auto t = Tokenizer::from_tokenizer_json_text(j.dump(), "t.json");
  EXPECT_EQ(error_of([&] { t->encode(std::string(60, 'a') + "!"); }),
            "pattern \"(a+)+$\" gave up on a text of 61 bytes: match limit exceeded");
}
TEST(TokenizerJson, UnknownId) {
  const auto t = Tokenizer::from_tokenizer_json_text(minimal().dump(), "t.json");
  EXPECT_EQ(error_of([&] { t->token_text(9); }),
            "t.json: no token has the id 9; ids go from 0 to 2");
  EXPECT_EQ(t->decode({9, -1, 2}), "ab");
}

nlohmann::ordered_json gguf() {
  return {{"tokenizer.ggml.model", "gpt2"},
          {"tokenizer.ggml.pre", "gpt-2"},
          {"tokenizer.ggml.tokens", {"<s>", "a", "b", "ab"}},
          {"tokenizer.ggml.token_type", {3, 1, 1, 1}},
          {"tokenizer.ggml.merges", {"a b"}},
          {"tokenizer.ggml.bos_token_id", 0}};
}
std::string gguf_with(const char* key, const char* value) {
  auto j = gguf();
  j[std::string("tokenizer.ggml.") + key] = nlohmann::ordered_json::parse(value);
  return error_of([&] { Tokenizer::from_gguf_metadata(j, "m.gguf"); });
}

TEST(TokenizerGguf, Errors) {
  EXPECT_EQ(gguf_with("add_bos_token", "true"), "no error");
  EXPECT_EQ(gguf_with("model", "null"),
            "m.gguf: tokenizer.ggml.model: the key is missing; the file holds no tokenizer");
  EXPECT_EQ(gguf_with("model", "\"rwkv\""),
            "m.gguf: tokenizer.ggml.model: 'rwkv' is not supported; supported are gpt2, llama");
  EXPECT_EQ(
      gguf_with("pre", "\"viking\""),
      "m.gguf: tokenizer.ggml.pre: 'viking' is not supported; supported are deepseek-r1-qwen, "
      "default, gpt-2, llama-bpe, llama-v3, llama3, qwen2, smollm");
  EXPECT_EQ(gguf_with("tokens", "null"), "m.gguf: tokenizer.ggml.tokens: the key is missing");
  EXPECT_EQ(gguf_with("tokens", "5"), "m.gguf: tokenizer.ggml.tokens: expected an array");
  EXPECT_EQ(gguf_with("tokens", R"(["a", 5, "b", "ab"])"),
            "m.gguf: tokenizer.ggml.tokens[1]: expected a string");
  EXPECT_EQ(gguf_with("token_type", "[1]"),
            "m.gguf: tokenizer.ggml.token_type: 1 entries for 4 tokens");
  EXPECT_EQ(gguf_with("token_type", "[1, 1, 9, 1]"),
            "m.gguf: tokenizer.ggml.token_type[2]: expected 1 to 6, found 9");
  EXPECT_EQ(gguf_with("merges", R"(["ab"])"),
            "m.gguf: tokenizer.ggml.merges[0]: expected \"left right\"");
  EXPECT_EQ(
      gguf_with("merges", R"(["a c"])"),
      "m.gguf: tokenizer.ggml: merges[0] needs the token 'c', which is not in the vocabulary");
  EXPECT_EQ(gguf_with("bos_token_id", "77"),
            "m.gguf: tokenizer.ggml.bos_token_id: id 77 is outside the 4 tokens");
  EXPECT_EQ(gguf_with("add_eos_token", "true"),
            "m.gguf: tokenizer.ggml.add_eos_token: is true, but eos_token_id is missing");
  auto broken = gguf();
  broken["tokenizer.ggml.tokens"][1] = "\xFF";
  EXPECT_EQ(error_of([&] { Tokenizer::from_gguf_metadata(broken, "m.gguf"); }),
            "m.gguf: tokenizer.ggml.tokens[1]: not valid UTF-8");
  auto scored = gguf();
  scored["tokenizer.ggml.model"] = "llama";
  EXPECT_EQ(error_of([&] { Tokenizer::from_gguf_metadata(scored, "m.gguf"); }),
            "m.gguf: tokenizer.ggml.scores: the key is missing");
}

TEST(TokenizerOpen, Errors) {
  EXPECT_EQ(error_of([] { Tokenizer::open("/nonexistent/tokenizer.json"); }),
            "/nonexistent/tokenizer.json: no such file");
  EXPECT_EQ(error_of([] { Tokenizer::from_tokenizer_json("/nonexistent/tokenizer.json"); }),
            "/nonexistent/tokenizer.json: cannot be read; does the file exist?");
}

}  // namespace
