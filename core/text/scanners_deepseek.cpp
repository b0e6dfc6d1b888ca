// SPDX-License-Identifier: Apache-2.0
#include "core/text/scanners.hpp"
#include "core/text/unicode.hpp"

namespace fk::core::text {
namespace {

void pass(Piece piece, const char* from, const char* to, PieceSink& sink) {
  if (from == to) return;
  sink.take({{from, static_cast<size_t>(to - from)}, piece.at_start && from == piece.text.data()});
}

// \p{N}{1,3}
class Digits3 final : public PreTokenizer {
 public:
  void cut(Piece piece, PieceSink& sink) const override {
    const CharTable& table = char_table();
    const char *p = piece.text.data(), *end = p + piece.text.size(), *done = p;
    while (p < end) {
      const char* here = p;
      if (!(char_flags(table, next_char(p)) & kNumber)) continue;
      pass(piece, done, here, sink);
      for (int n = 1; n < 3 && p < end; ++n) {
        const char* next = p;
        if (!(char_flags(table, next_char(next)) & kNumber)) break;
        p = next;
      }
      pass(piece, here, p, sink);
      done = p;
    }
    pass(piece, done, end, sink);
  }
};

// Runs of CJK ideographs and kana.
class Cjk final : public PreTokenizer {
 public:
  void cut(Piece piece, PieceSink& sink) const override {
    const char *p = piece.text.data(), *end = p + piece.text.size(), *done = p;
    bool inside = false;
    while (p < end) {
      const char* here = p;
      const uint32_t c = next_char(p);
      const bool member = (c >= 0x4E00 && c <= 0x9FA5) || (c >= 0x3040 && c <= 0x30FF);
      if (member == inside) continue;
      pass(piece, done, here, sink);
      done = here;
      inside = member;
    }
    pass(piece, done, end, sink);
  }
};

class DeepSeek final : public PreTokenizer {
 public:
  void cut(Piece piece, PieceSink& sink) const override {
    const char *p = piece.text.data(), *end = p + piece.text.size(), *done = p;
    const CharTable& table = char_table();
    while (p < end) {
      if (const char* stop = match(table, p, end)) {
        pass(piece, done, p, sink);  // what no alternative takes: digits, control characters
        pass(piece, p, stop, sink);
        done = p = stop;
      } else {
        p += char_bytes(*p);
      }
    }
    pass(piece, done, end, sink);
  }

 private:
  static constexpr uint16_t kWordChar = kLetter | kMark;
  static constexpr uint16_t kSign = kRegexPunctuation | kSymbol;

  static const char* run(const CharTable& t, uint16_t flags, const char* p, const char* end) {
    for (const char* next = p; p < end && char_flags(t, next_char(next)) & flags; p = next) {}
    return p;
  }
  static bool ascii_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

  static const char* match(const CharTable& t, const char* p, const char* end) {
    const char* next = p;
    const uint16_t c = char_flags(t, next_char(next));
    if (c & kSign && static_cast<unsigned char>(*p) < 0x80 && next < end && ascii_letter(*next)) {
      while (next < end && ascii_letter(*next)) ++next;
      return next;
    }
    const bool newline = *p == '\r' || *p == '\n';
    if (!newline && !(c & (kLetter | kSign))) {
      const char* q = run(t, kWordChar, next, end);
      if (q != next) return q;
    }
    if (c & kWordChar) return run(t, kWordChar, next, end);
    const char* signs = *p == ' ' ? next : p;
    const char* q = run(t, kSign, signs, end);
    if (q != signs) {
      while (q < end && (*q == '\r' || *q == '\n')) ++q;
      return q;
    }
    if (!(c & kSpace)) return nullptr;
    const char* stop = run(t, kSpace, next, end);
    for (q = stop; q > p; --q) {
      if (q[-1] == '\r' || q[-1] == '\n') return q;
    }
    if (stop == end) return stop;
    const char* last = last_char(p, stop);
    return last == p ? stop : last;
  }
};

}  // namespace

std::unique_ptr<PreTokenizer> make_deepseek_scanner(std::string_view pattern) {
  if (pattern == kDigits3Pattern) return std::make_unique<Digits3>();
  if (pattern == kCjkPattern) return std::make_unique<Cjk>();
  if (pattern == kDeepSeekPattern) return std::make_unique<DeepSeek>();
  return nullptr;
}

}  // namespace fk::core::text
