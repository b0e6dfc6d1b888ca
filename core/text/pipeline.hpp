// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <mutex>

#include "core/text/added_tokens.hpp"
#include "core/text/decoder.hpp"
#include "core/text/model.hpp"
#include "core/text/normalizer.hpp"
#include "core/text/piece_cache.hpp"
#include "core/text/post_processor.hpp"
#include "core/text/pre_tokenizer.hpp"
#include "core/text/tokenizer.hpp"

namespace fk::core::text {

struct PipelineParts {
  std::string file;
  std::unique_ptr<Normalizer> normalizer;  // may be null
  PreTokenizers pre_tokenizers;
  std::unique_ptr<Model> model;
  AddedTokens added;
  std::unique_ptr<Decoder> decoder;
  Frame frame;
  std::optional<int32_t> bos, eos;
};

// added tokens -> normalizer -> pre-tokenizers -> model, and the decoder back.
class Pipeline final : public Tokenizer {
 public:
  explicit Pipeline(PipelineParts parts);
  ~Pipeline() override;
  std::vector<int32_t> encode(std::string_view text, const EncodeOptions&) const override;
  std::string token_bytes(int32_t id, bool keep_special) const override;
  std::string first_token_bytes(int32_t id, bool keep_special) const override;
  std::string decode(const std::vector<int32_t>& ids, bool keep_special) const override;
  bool is_special(int32_t id) const override;
  std::optional<int32_t> token_id(std::string_view token) const override;
  std::string token_text(int32_t id) const override;
  size_t vocab_size() const override;
  std::optional<int32_t> bos_id() const override { return parts_.bos; }
  std::optional<int32_t> eos_id() const override { return parts_.eos; }
  void set_roles(std::optional<int32_t> bos, std::optional<int32_t> eos) {  // before sharing
    parts_.bos = bos;
    parts_.eos = eos;
  }

 private:
  struct Scratch;
  class Lease;
  class ModelSink;
  void encode_stretch(std::string_view text, bool at_start, bool parse_special, Scratch&,
                      std::vector<int32_t>& out) const;
  std::optional<std::string> text_to_decode(int32_t id, bool keep_special) const;

  PipelineParts parts_;
  mutable std::mutex mutex_;                            // guards idle_
  mutable std::vector<std::unique_ptr<Scratch>> idle_;  // one for each call at a time
};

}  // namespace fk::core::text
