// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/text/json_node.hpp"
#include "core/text/vocabulary.hpp"

namespace fk::core::text {

// Turns one piece into ids. Immutable; safe to share between threads.
class Model {
 public:
  virtual ~Model() = default;
  // `piece` is not empty. Appends to out.
  virtual void encode(std::string_view piece, std::vector<int32_t>& out) const = 0;
  const Vocabulary& vocabulary() const { return vocabulary_; }
  // Whether pieces are raw bytes and the vocabulary's texts stand for them in GPT-2's symbols.
  virtual bool byte_level() const { return false; }

 protected:
  Vocabulary vocabulary_;
};

struct BpeOptions {
  std::string unk_token, prefix, suffix;  // empty: none
  bool fuse_unk = false, byte_fallback = false, ignore_merges = false;
  bool byte_level = false;  // pieces are bytes; needs no prefix, suffix or byte_fallback
};
using Merge = std::pair<std::string_view, std::string_view>;
// Byte pair encoding: the merge that stands first in the list goes first, leftmost first.
// `where` names the file in errors; merges refer to their texts only during the call.
std::unique_ptr<Model> make_bpe(Vocabulary vocabulary, const std::vector<Merge>& merges,
                                BpeOptions options, const std::string& where);

// SentencePiece's BPE as GGUF files hold it: no list of merges, the pair whose joined token scores
// highest goes first. Tokens of type byte stand for what no token covers.
std::unique_ptr<Model> make_scored_bpe(Vocabulary vocabulary, std::vector<float> scores,
                                       int32_t unk_id);

// The "model" of a tokenizer.json: BPE, Unigram, WordLevel, WordPiece. `byte_level`: the
// pre-tokenizer ends in ByteLevel; a BPE then reads bytes when its options allow it.
std::unique_ptr<Model> read_model(const JsonNode& node, bool byte_level);
// Whether a BPE of this description can read bytes.
bool can_read_bytes(const JsonNode& node);
std::unique_ptr<Model> read_unigram(const JsonNode& node);
std::unique_ptr<Model> read_word_model(const JsonNode& node);  // WordPiece, WordLevel

}  // namespace fk::core::text
