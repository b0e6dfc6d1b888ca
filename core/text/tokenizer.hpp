// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"

namespace fk::core {

struct EncodeOptions {
  bool add_special =
      false;  // what the file's post-processor or add_bos says ([CLS] ... [SEP], <s>)
  bool parse_special =
      true;  // cut out special tokens written literally in the text; false for untrusted text
};

// Text to ids and back. Immutable once loaded: safe to share between threads.
// Text is UTF-8; invalid bytes count as U+FFFD, one for each maximal subpart, before anything else
// looks at them (also for byte-level models: a published tokenizer never sees a broken byte
// either). Loading throws Error with file and field for what is malformed or not supported.
// encode() throws only when a pattern out of the file gives up (10 million steps) or a Unigram
// lacks an unk_id.
class Tokenizer {
 public:
  // Truncation and padding of the file are not applied: they belong to whoever batches.
  // Reads bos and eos from tokenizer_config.json or special_tokens_map.json beside it, if there.
  static std::shared_ptr<const Tokenizer> from_tokenizer_json(const std::filesystem::path&);
  // The same from the text of the file; `name` stands for the file in errors.
  static std::shared_ptr<const Tokenizer> from_tokenizer_json_text(std::string_view text,
                                                                   const std::string& name);
  // tokenizer.ggml.model gpt2 (byte-level BPE with a named pre-tokenizer) or llama (scored BPE).
  static std::shared_ptr<const Tokenizer> from_gguf_metadata(const nlohmann::ordered_json& metadata,
                                                             const std::string& file);
  // add_special puts the BOS in front; a model without one gets its EOS behind;
  // tokenizer_config.json beside it (add_bos_token, add_eos_token) has the last word.
  static std::shared_ptr<const Tokenizer> from_sentencepiece(const std::filesystem::path&);
  // By the file's name and magic: tokenizer.json, *.gguf, *.model; a folder holds one of them.
  static std::shared_ptr<const Tokenizer> open(const std::filesystem::path&);
  virtual ~Tokenizer() = default;

  virtual std::vector<int32_t> encode(std::string_view text, const EncodeOptions& = {}) const = 0;
  // Bytes of one token as they join the text (byte-level symbols undone, a word's leading space
  // included); special tokens give "" unless keep_special, ids that are no token give "".
  virtual std::string token_bytes(int32_t id, bool keep_special = false) const = 0;
  // The same for the token that opens a text: some families drop its leading space.
  virtual std::string first_token_bytes(int32_t id, bool keep_special = false) const = 0;
  // Valid UTF-8: bytes that form no character become U+FFFD.
  virtual std::string decode(const std::vector<int32_t>& ids, bool keep_special = false) const = 0;
  virtual bool is_special(int32_t id) const = 0;  // control tokens; ids that are no token count too
  virtual std::optional<int32_t> token_id(std::string_view token) const = 0;
  virtual std::string token_text(
      int32_t id) const = 0;              // as the vocabulary writes it; throws Error
  virtual size_t vocab_size() const = 0;  // highest id + 1
  virtual std::optional<int32_t> bos_id() const = 0;
  virtual std::optional<int32_t> eos_id() const = 0;
};

// Joins a stream of tokens; holds back the tail of an unfinished UTF-8 sequence. What it returns,
// joined, is what decode() makes of all ids (for invalid bytes the number of U+FFFD may differ).
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& t) : tokenizer_(t) {}
  std::string push(int32_t id);
  std::string finish();  // what is held back, invalid bytes as U+FFFD

 private:
  const Tokenizer& tokenizer_;
  std::string held_;
  bool first_ = true;
};

}  // namespace fk::core
