// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "core/text/json_node.hpp"

namespace fk::core::text {

// A stretch on its way to the model. `at_start`: it begins where the whole text begins.
struct Piece {
  std::string_view text;
  bool at_start = false;
};

// Takes pieces in order. A piece lives until take() returns.
class PieceSink {
 public:
  virtual ~PieceSink() = default;
  virtual void take(Piece) = 0;
};

// Cuts a piece into pieces, which may be rewritten. Never passes an empty one on. Immutable.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  virtual void cut(Piece, PieceSink&) const = 0;
};

// What cuts the text, in order. `byte_level`: the last step of the file turned bytes into GPT-2's
// symbols; it is not among `steps`, for a byte-level model here reads the bytes themselves.
struct PreTokenizers {
  std::vector<std::unique_ptr<PreTokenizer>> steps;
  bool byte_level = false;
  void run(Piece, PieceSink&) const;
};

// The "pre_tokenizer" of a tokenizer.json (null gives no steps). With keep_bytes a ByteLevel at the
// end is taken out as described above. Throws Error for a type or field that is not known.
PreTokenizers read_pre_tokenizers(const JsonNode* node, bool keep_bytes);

// The pre-tokenizers that a GGUF file names in tokenizer.ggml.pre, always byte-level; null when the
// name is not known. `names` receives those that are.
std::unique_ptr<PreTokenizers> named_pre_tokenizers(std::string_view name, std::string* names);

}  // namespace fk::core::text
