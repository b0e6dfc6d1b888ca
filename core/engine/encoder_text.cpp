// SPDX-License-Identifier: Apache-2.0
#include "core/engine/encoder_text.hpp"

#include <algorithm>

#include "core/base/error.hpp"

namespace fk::core {

EncoderInput encode_for_embedding(const Tokenizer& tokenizer, std::string_view text,
                                  int64_t max_tokens) {
  const EncodeOptions plain{.add_special = false}, framed{.add_special = true};
  EncoderInput out{tokenizer.encode(text, framed), 0};
  const int64_t surplus = int64_t(out.ids.size()) - max_tokens;
  if (surplus <= 0) return out;
  // The text's own tokens stand somewhere between what the post-processor puts around them.
  const std::vector<int32_t> own = tokenizer.encode(text, plain);
  const auto begin = std::search(out.ids.begin(), out.ids.end(), own.begin(), own.end());
  if (begin == out.ids.end() || int64_t(own.size()) < surplus)
    bad_input("the tokenizer's special tokens alone do not fit into {} tokens", max_tokens);
  const auto end = begin + int64_t(own.size());
  out.ids.erase(end - surplus, end);
  out.dropped = surplus;
  return out;
}

}  // namespace fk::core
