// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

namespace fk::test {

// A real tokenizer.json: byte-level BPE of 256 bytes (id = byte) without merges, and <|end|> (id
// 256, special).
std::string byte_tokenizer_json();

}  // namespace fk::test
