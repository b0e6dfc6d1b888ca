// SPDX-License-Identifier: Apache-2.0
#include "tests/support/byte_tokenizer.hpp"

#include <nlohmann/json.hpp>

namespace fk::test {
namespace {

using Json = nlohmann::ordered_json;

std::string utf8(int c) {
  if (c < 0x80) return {char(c)};
  return {char(0xc0 | c >> 6), char(0x80 | (c & 0x3f))};
}

}  // namespace

std::string byte_tokenizer_json() {
  Json vocab = Json::object();
  for (int b = 0, next = 256; b < 256; ++b) {
    bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
    vocab[utf8(printable ? b : next++)] = b;
  }
  vocab["<|end|>"] = 256;
  Json byte_level = {{"type", "ByteLevel"},
                     {"add_prefix_space", false},
                     {"trim_offsets", true},
                     {"use_regex", true}};
  Json end = {{"id", 256},       {"content", "<|end|>"}, {"single_word", false}, {"lstrip", false},
              {"rstrip", false}, {"normalized", false},  {"special", true}};
  Json model = {{"type", "BPE"},
                {"dropout", nullptr},
                {"unk_token", nullptr},
                {"continuing_subword_prefix", nullptr},
                {"end_of_word_suffix", nullptr},
                {"fuse_unk", false},
                {"byte_fallback", false},
                {"vocab", vocab},
                {"merges", Json::array()}};
  Json all = {{"version", "1.0"},
              {"truncation", nullptr},
              {"padding", nullptr},
              {"added_tokens", Json::array({end})},
              {"normalizer", nullptr},
              {"pre_tokenizer", byte_level},
              {"post_processor", nullptr},
              {"decoder", byte_level},
              {"model", model}};
  return all.dump();
}

}  // namespace fk::test
