// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>

#include "core/text/json_node.hpp"

namespace fk::core::text {

// Rewrites a stretch of text before it is cut. Input and output are valid UTF-8. Immutable.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void apply(std::string& text) const = 0;
};

// The "normalizer" of a tokenizer.json. Throws Error for a type or field that is not known.
std::unique_ptr<Normalizer> read_normalizer(const JsonNode& node);
// SentencePiece's compiled character map, from its base64 form.
std::unique_ptr<Normalizer> read_precompiled(const JsonNode& node);

}  // namespace fk::core::text
