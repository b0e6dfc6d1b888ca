// SPDX-License-Identifier: Apache-2.0
#include "core/text/unicode.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <memory>

namespace fk::core::text {
namespace {

struct FlagRun {
  uint32_t start;
  uint16_t flags;
};
struct LowerSpan {
  uint32_t start, count, stride;
  int32_t delta;
};
#include "core/text/unicode_tables.inc"

std::unique_ptr<const CharTable> build_table() {
  auto table = std::make_unique<CharTable>();
  const FlagRun* run = std::begin(kFlagRuns);
  uint32_t blocks = 0;
  uint16_t block[256];
  for (uint32_t b = 0; b < 0x1100; ++b) {
    for (uint32_t i = 0; i < 256; ++i) {
      while (run + 1 != std::end(kFlagRuns) && run[1].start <= b * 256 + i) ++run;
      block[i] = run->flags;
    }
    uint32_t same = 0;  // few distinct blocks: a linear search costs less than a map
    while (same < blocks && std::memcmp(table->flags + same * 256, block, sizeof block) != 0)
      ++same;
    if (same == blocks) std::memcpy(table->flags + blocks++ * 256, block, sizeof block);
    table->block[b] = static_cast<uint16_t>(same);
  }
  return table;
}

// Length of the sequence at s[0], or 0 when it is invalid; `part` = bytes of its maximal subpart.
size_t sequence(const unsigned char* s, size_t n, size_t* part) {
  const unsigned char c = s[0];
  *part = 1;
  if (c < 0x80) return 1;
  if (c < 0xC2 || c > 0xF4) return 0;
  const size_t want = c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
  const unsigned char low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
  for (size_t i = 1; i < want; ++i) {
    const unsigned char lo = i == 1 ? low : 0x80, hi = i == 1 ? high : 0xBF;
    if (i >= n || s[i] < lo || s[i] > hi) return *part = i, 0;
  }
  return want;
}

}  // namespace

const CharTable& char_table() {
  static const std::unique_ptr<const CharTable> table = build_table();
  return *table;
}

void append_char(std::string& out, uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
  } else if (c < 0x10000) {
    out += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
            static_cast<char>(0x80 | (c & 0x3F))};
  } else {
    out += {static_cast<char>(0xF0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 0x3F)),
            static_cast<char>(0x80 | (c >> 6 & 0x3F)), static_cast<char>(0x80 | (c & 0x3F))};
  }
}

size_t count_chars(std::string_view s) {
  return std::count_if(s.begin(), s.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

bool is_ascii(std::string_view s) {
  size_t i = 0;
  for (uint64_t w; i + 8 <= s.size(); i += 8) {
    std::memcpy(&w, s.data() + i, 8);
    if (w & 0x8080808080808080u) return false;
  }
  for (; i < s.size(); ++i) {
    if (s[i] & 0x80) return false;
  }
  return true;
}

size_t valid_prefix(std::string_view s) {
  const auto* u = reinterpret_cast<const unsigned char*>(s.data());
  size_t i = 0, part;
  while (i < s.size()) {
    uint64_t w;
    if (i + 8 <= s.size() && (std::memcpy(&w, u + i, 8), (w & 0x8080808080808080u) == 0)) {
      i += 8;
      continue;
    }
    const size_t n = sequence(u + i, s.size() - i, &part);
    if (n == 0) return i;
    i += n;
  }
  return i;
}

std::string to_valid_utf8(std::string_view s) {
  std::string out;
  out.reserve(s.size() + 16);
  while (!s.empty()) {
    const size_t good = valid_prefix(s);
    out.append(s.substr(0, good));
    s.remove_prefix(good);
    if (s.empty()) break;
    size_t part;
    sequence(reinterpret_cast<const unsigned char*>(s.data()), s.size(), &part);
    out += "\xEF\xBF\xBD";
    s.remove_prefix(part);
  }
  return out;
}

size_t unfinished_tail(std::string_view s) {
  for (size_t back = 1; back <= 3 && back <= s.size(); ++back) {
    const auto c = static_cast<unsigned char>(s[s.size() - back]);
    if ((c & 0xC0) == 0x80) continue;
    if (c < 0xC0) return 0;
    size_t part;
    const auto* u = reinterpret_cast<const unsigned char*>(s.data() + s.size() - back);
    return sequence(u, back, &part) == 0 && part == back && c >= 0xC2 && c <= 0xF4 ? back : 0;
  }
  return 0;
}

void append_lower(std::string& out, uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    return;
  }
  if (c == 0x130) {
    out += "i\xCC\x87";
    return;
  }
  const auto* span = std::upper_bound(std::begin(kLowerSpans), std::end(kLowerSpans), c,
                                      [](uint32_t v, const LowerSpan& s) { return v < s.start; });
  // Spans may interleave (stride 2), so more than one before c can hold it.
  for (int tries = 0; span != std::begin(kLowerSpans) && tries < 4; ++tries) {
    --span;
    const uint32_t offset = c - span->start;
    if (offset % span->stride == 0 && offset / span->stride < span->count) {
      c = static_cast<uint32_t>(static_cast<int64_t>(c) + span->delta);
      break;
    }
  }
  append_char(out, c);
}

}  // namespace fk::core::text
