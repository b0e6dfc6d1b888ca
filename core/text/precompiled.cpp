// SPDX-License-Identifier: Apache-2.0
#include <utf8proc.h>

#include <cstring>
#include <vector>

#include "core/base/error.hpp"
#include "core/text/normalizer.hpp"
#include "core/text/unicode.hpp"

namespace fk::core::text {
namespace {

std::string from_base64(const JsonNode& node) {
  const std::string text = node.str();
  std::string out;
  uint32_t bits = 0;
  int have = 0;
  size_t i = 0;
  for (; i < text.size() && text[i] != '='; ++i) {
    const char c = text[i];
    const int v = c >= 'A' && c <= 'Z'   ? c - 'A'
                  : c >= 'a' && c <= 'z' ? c - 'a' + 26
                  : c >= '0' && c <= '9' ? c - '0' + 52
                  : c == '+'             ? 62
                  : c == '/'             ? 63
                                         : -1;
    if (v < 0) node.fail(fmt::format("character {} is not base64", i));
    bits = bits << 6 | static_cast<uint32_t>(v);
    if ((have += 6) >= 8) out += static_cast<char>(bits >> (have -= 8) & 255);
  }
  return out;
}

// SentencePiece's map: u32 size of a double array of u32 units, the array, then NUL-terminated
// replacements. Each key of the array leads to the offset of its replacement.
class Precompiled final : public Normalizer {
 public:
  Precompiled(const std::string& map, const JsonNode& node) {
    uint32_t bytes = 0;
    if (map.size() >= 4) std::memcpy(&bytes, map.data(), 4);
    if (map.size() < 4 || bytes % 4 != 0 || bytes > map.size() - 4) {
      node.fail(
          fmt::format("a character map of {} bytes with an index of {} bytes", map.size(), bytes));
    }
    units_.resize(bytes / 4);
    if (bytes) std::memcpy(units_.data(), map.data() + 4, bytes);
    texts_ = map.substr(4 + bytes);
    texts_ += '\0';
    if (valid_prefix(texts_) != texts_.size()) node.fail("a replacement is not valid UTF-8");
  }

  void apply(std::string& text) const override {
    std::string out;
    out.reserve(text.size() + 16);
    for (size_t i = 0; i < text.size();) {
      const size_t n = cluster(text, i);
      std::string_view whole(text.data() + i, n);
      const char* with = n < 6 ? find(whole) : nullptr;
      if (with) {
        out += with;
      } else {
        for (size_t j = 0; j < n;) {
          const std::string_view one = whole.substr(j, char_bytes(whole[j]));
          if (const char* w = find(one)) {
            out += w;
          } else {
            out += one;
          }
          j += one.size();
        }
      }
      i += n;
    }
    text = std::move(out);
  }

 private:
  // Bytes of the grapheme cluster at `at`.
  static size_t cluster(const std::string& text, size_t at) {
    const char *begin = text.data() + at, *end = text.data() + text.size(), *p = begin;
    utf8proc_int32_t state = 0;
    auto last = static_cast<utf8proc_int32_t>(next_char(p));
    while (p < end) {
      const char* next = p;
      const auto c = static_cast<utf8proc_int32_t>(next_char(next));
      if (utf8proc_grapheme_break_stateful(last, c, &state)) break;
      p = next;
      last = c;
    }
    return static_cast<size_t>(p - begin);
  }

  // The replacement of the shortest key that begins `key`, as the reference does; or null.
  const char* find(std::string_view key) const {
    if (units_.empty()) return nullptr;
    size_t node = offset(units_[0]);
    for (char ch : key) {
      const auto c = static_cast<unsigned char>(ch);
      if (c == 0) break;
      node ^= c;
      if (node >= units_.size()) return nullptr;
      const uint32_t unit = units_[node];
      if ((unit & (1u << 31 | 0xFF)) != c) return nullptr;
      node ^= offset(unit);
      if (unit >> 8 & 1) {
        if (node >= units_.size()) return nullptr;
        const uint32_t value = units_[node] & 0x7FFFFFFF;
        if (value >= texts_.size() || (texts_[value] & 0xC0) == 0x80) return nullptr;
        return texts_.c_str() + value;
      }
    }
    return nullptr;
  }
  static size_t offset(uint32_t unit) { return unit >> 10 << ((unit & 1u << 9) >> 6); }

  std::vector<uint32_t> units_;
  std::string texts_;
};

class Nothing final : public Normalizer {
 public:
  void apply(std::string&) const override {}
};

}  // namespace

std::unique_ptr<Normalizer> read_precompiled(const JsonNode& node) {
  node.only({"type", "precompiled_charsmap"});
  const auto map = node.find("precompiled_charsmap");
  if (!map || map->str().empty()) return std::make_unique<Nothing>();
  return std::make_unique<Precompiled>(from_base64(*map), *map);
}

}  // namespace fk::core::text
