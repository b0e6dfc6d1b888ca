// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace fk::core::text {

// GPT-2's bijection between the 256 bytes and 256 printable code points ("byte-level").
uint32_t byte_symbol(uint8_t byte);
// The byte of a symbol, or -1.
int symbol_byte(uint32_t code_point);
std::string to_byte_symbols(std::string_view bytes);
// False when some character of `symbols` (valid UTF-8) is no symbol; `bytes` is then unspecified.
bool from_byte_symbols(std::string_view symbols, std::string& bytes);

}  // namespace fk::core::text
