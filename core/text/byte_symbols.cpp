// SPDX-License-Identifier: Apache-2.0
#include "core/text/byte_symbols.hpp"

#include <array>

#include "core/text/unicode.hpp"

namespace fk::core::text {
namespace {

// Printable Latin-1 stands for itself; the other 68 bytes, in order, for U+0100 and up.
constexpr bool printable(int b) {
  return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
}
constexpr auto kSymbolOf = [] {
  std::array<uint16_t, 256> out{};
  uint16_t next = 256;
  for (int b = 0; b < 256; ++b) out[b] = printable(b) ? static_cast<uint16_t>(b) : next++;
  return out;
}();
constexpr auto kByteOf = [] {
  std::array<int16_t, 256 + 68> out{};
  for (auto& v : out) v = -1;
  for (int b = 0; b < 256; ++b) out[kSymbolOf[b]] = static_cast<int16_t>(b);
  return out;
}();

}  // namespace

uint32_t byte_symbol(uint8_t byte) { return kSymbolOf[byte]; }
int symbol_byte(uint32_t c) { return c < kByteOf.size() ? kByteOf[c] : -1; }

std::string to_byte_symbols(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 2);
  for (char b : bytes) append_char(out, byte_symbol(static_cast<uint8_t>(b)));
  return out;
}

bool from_byte_symbols(std::string_view symbols, std::string& bytes) {
  bytes.clear();
  for (const char *p = symbols.data(), *end = p + symbols.size(); p < end;) {
    const int b = symbol_byte(next_char(p));
    if (b < 0) return false;
    bytes += static_cast<char>(b);
  }
  return true;
}

}  // namespace fk::core::text
