// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/text/tokenizer.hpp"

namespace fk::core {

struct EncoderInput {
  std::vector<int32_t> ids;
  int64_t dropped = 0;  // tokens of the text that did not fit
};

// The token ids of one text for an encoder: with the tokenizer's special tokens ([CLS] ... [SEP]),
// and at most max_tokens of them. What does not fit is cut off the end of the text, the special
// tokens stay. As in the `tokenizers` package, a special token written literally in the text counts
// as one.
EncoderInput encode_for_embedding(const Tokenizer&, std::string_view text, int64_t max_tokens);

}  // namespace fk::core
