// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fk::core {

struct EncodeOptions {
  bool add_special = false;     // what the file's post-processor or add_bos says ([CLS] ... [SEP], <s>)
  bool parse_special = true;    // cut out special tokens written literally in the text; false for untrusted text
};

// Text to ids and back. Immutable once loaded: safe to share between threads.
class Tokenizer {
 public:
  static std::shared_ptr<const Tokenizer> from_tokenizer_json(const std::filesystem::path&);
  static std::shared_ptr<const Tokenizer> from_gguf_metadata(const nlohmann::ordered_json& metadata, const std::string& file);
  static std::shared_ptr<const Tokenizer> from_sentencepiece(const std::filesystem::path&);
  // By the file's name and magic: tokenizer.json, *.gguf, *.model; a folder holds one of them.
  static std::shared_ptr<const Tokenizer> open(const std::filesystem::path&);
  virtual ~Tokenizer() = default;

  virtual std::vector<int32_t> encode(std::string_view text, const EncodeOptions& = {}) const = 0;
  // Bytes of one token as they join the text (byte-level symbols undone); special tokens give "" unless keep_special.
  virtual std::string token_bytes(int32_t id, bool keep_special = false) const = 0;
  virtual std::string decode(const std::vector<int32_t>& ids, bool keep_special = false) const = 0;
  virtual std::optional<int32_t> token_id(std::string_view token) const = 0;
  virtual std::string token_text(int32_t id) const = 0;   // as the vocabulary writes it
  virtual size_t vocab_size() const = 0;
  virtual std::optional<int32_t> bos_id() const = 0;
  virtual std::optional<int32_t> eos_id() const = 0;
};

// Joins a stream of tokens; holds back the tail of an unfinished UTF-8 sequence.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& t) : tokenizer_(t) {}
  std::string push(int32_t id);
  std::string finish();   // what is held back, invalid bytes as U+FFFD

 private:
  const Tokenizer& tokenizer_;
  std::string held_;
};

}  // namespace fk::core
