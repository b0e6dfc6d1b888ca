// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/text/json_node.hpp"

namespace fk::core::text {

// Turns the vocabulary's texts back into text. Immutable.
class Decoder {
 public:
  virtual ~Decoder() = default;
  // All tokens of an answer at once; afterwards their concatenation is the text.
  virtual void all(std::vector<std::string>& tokens) const = 0;
  // One token of a stream, bytes of an unfinished character included. `first`: it opens the text.
  virtual void one(std::string& token, bool first) const = 0;
};

// The "decoder" of a tokenizer.json; null joins tokens with spaces. Throws Error for a type or
// field that is not known.
std::unique_ptr<Decoder> read_decoder(const JsonNode* node);
std::unique_ptr<Decoder> byte_level_decoder();
// Marks become spaces, <0x..> tokens bytes; the first space of a text goes when `strip_first`.
std::unique_ptr<Decoder> sentencepiece_decoder(bool strip_first);

}  // namespace fk::core::text
