// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace fk::core::text {

// Properties of a code point as the `tokenizers` package sees them (tools/make_unicode_tables.py).
enum CharFlag : uint16_t {
  kLetter = 1 << 0,            // \p{L}
  kNumber = 1 << 1,            // \p{N}
  kSpace = 1 << 2,             // \s
  kMark = 1 << 3,              // \p{M}
  kRegexPunctuation = 1 << 4,  // \p{P}
  kSymbol = 1 << 5,            // \p{S}
  kNumeric = 1 << 6,           // what the Digits step cuts out
  kControl = 1 << 7,           // what BertNormalizer's clean_text removes
  kPunctuation = 1 << 8,       // what the Punctuation and BertPreTokenizer steps cut out
  kNonspacing = 1 << 9,        // what BertNormalizer's strip_accents removes
  kCombining = 1 << 10,        // what StripAccents removes
  kRegexWord = 1 << 11,        // \w of a pattern in a file
  kWord = 1 << 12,             // \w of the Whitespace step and of single_word
  kInert = 1 << 13,            // younger than the reference's normalisation data: left alone
};

// Two-stage table: 256 code points a block.
struct CharTable {
  uint16_t block[0x1100];
  uint16_t flags[256 * 512];
};
const CharTable& char_table();

inline uint16_t char_flags(const CharTable& t, uint32_t c) {
  return t.flags[t.block[c >> 8] << 8 | (c & 255)];
}
inline uint16_t char_flags(uint32_t c) { return char_flags(char_table(), c); }

// Decodes the code point at p of valid UTF-8 and moves p behind it.
inline uint32_t next_char(const char*& p) {
  const auto* u = reinterpret_cast<const unsigned char*>(p);
  if (u[0] < 0x80) return ++p, u[0];
  if (u[0] < 0xE0) return p += 2, (u[0] & 0x1Fu) << 6 | (u[1] & 0x3Fu);
  if (u[0] < 0xF0) return p += 3, (u[0] & 0xFu) << 12 | (u[1] & 0x3Fu) << 6 | (u[2] & 0x3Fu);
  p += 4;
  return (u[0] & 7u) << 18 | (u[1] & 0x3Fu) << 12 | (u[2] & 0x3Fu) << 6 | (u[3] & 0x3Fu);
}
// Start of the last code point of [begin, end), which is not empty.
inline const char* last_char(const char* begin, const char* end) {
  do --end;
  while (end > begin && (*end & 0xC0) == 0x80);
  return end;
}
// Bytes of the sequence that starts with `first` in valid UTF-8.
inline size_t char_bytes(char first) {
  const auto u = static_cast<unsigned char>(first);
  return u < 0x80 ? 1 : u < 0xE0 ? 2 : u < 0xF0 ? 3 : 4;
}

void append_char(std::string& out, uint32_t c);
size_t count_chars(std::string_view valid);
bool is_ascii(std::string_view);

// Length of the longest prefix that is valid UTF-8 (no surrogates, no overlong forms, <= U+10FFFF).
size_t valid_prefix(std::string_view);
// Invalid bytes replaced by U+FFFD, one for each maximal subpart: what Python's errors="replace"
// and Rust's from_utf8_lossy do.
std::string to_valid_utf8(std::string_view);
// Bytes at the end of s that begin a sequence which more bytes could still complete; 0 to 3.
size_t unfinished_tail(std::string_view s);

// Lower case of c appended to out: full mapping without context, as Rust's char::to_lowercase.
void append_lower(std::string& out, uint32_t c);

}  // namespace fk::core::text
