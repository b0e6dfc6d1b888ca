// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

#include "core/text/json_node.hpp"

namespace fk::core::text {

// What add_special puts around a single text.
struct Frame {
  std::vector<int32_t> before, after;
};

// The "post_processor" of a tokenizer.json (null: nothing). Throws Error for what is not known.
Frame read_post_processor(const JsonNode* node);

}  // namespace fk::core::text
