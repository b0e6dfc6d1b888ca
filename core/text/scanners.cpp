// SPDX-License-Identifier: Apache-2.0
#include "core/text/scanners.hpp"

#include "core/text/unicode.hpp"

namespace fk::core::text {
namespace {

enum Class : uint8_t { kOther, kAlpha, kDigit, kBlank };

Class class_of(uint16_t flags) {
  return flags & kLetter ? kAlpha : flags & kNumber ? kDigit : flags & kSpace ? kBlank : kOther;
}

// ASCII by table, the rest by the Unicode flags.
class Reader {
 public:
  Reader() : table_(char_table()) {
    for (int c = 0; c < 128; ++c) ascii_[c] = class_of(char_flags(table_, c));
  }
  // Class of the character at p; `next` gets its end.
  Class at(const char* p, const char*& next) const {
    const auto c = static_cast<unsigned char>(*p);
    if (c < 0x80) return next = p + 1, ascii_[c];
    next = p;
    return class_of(char_flags(table_, next_char(next)));
  }
  const char* run(Class c, const char* p, const char* end) const {
    for (const char* next; p < end && at(p, next) == c; p = next) {}
    return p;
  }

 private:
  const CharTable& table_;
  Class ascii_[128];
};

const Reader& reader() {
  static const Reader r;
  return r;
}

// End of a stretch of white space [p, end of run) by \s+(?!\S)|\s+: all of it at the end of the
// text or when it is one character, else all but the last character.
const char* blank_end(const char* p, const char* run, const char* end) {
  if (run == end) return run;
  const char* last = last_char(p, run);
  return last == p ? run : last;
}

class Gpt2 final : public PreTokenizer {
 public:
  void cut(Piece piece, PieceSink& sink) const override {
    const char *begin = piece.text.data(), *end = begin + piece.text.size();
    const Reader& r = reader();
    for (const char* p = begin; p < end;) {
      const char* stop = match(r, p, end);
      sink.take({{p, static_cast<size_t>(stop - p)}, piece.at_start && p == begin});
      p = stop;
    }
  }

 private:
  static const char* match(const Reader& r, const char* p, const char* end) {
    if (*p == '\'' && p + 1 < end) {
      const char a = p[1], b = p + 2 < end ? p[2] : '\0';
      if (a == 's' || a == 't' || a == 'm' || a == 'd') return p + 2;
      if ((a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l')) return p + 3;
    }
    const char* q = *p == ' ' ? p + 1 : p;
    if (q < end) {
      const char* next;
      const Class c = r.at(q, next);
      if (c != kBlank) return r.run(c, next, end);
    }
    return blank_end(p, r.run(kBlank, p, end), end);
  }
};

// Llama-3 with digits = 3, Qwen2 with digits = 1.
template <int digits>
class Llama3 final : public PreTokenizer {
 public:
  void cut(Piece piece, PieceSink& sink) const override {
    const char *begin = piece.text.data(), *end = begin + piece.text.size();
    const Reader& r = reader();
    for (const char* p = begin; p < end;) {
      const char* stop = match(r, p, end);
      sink.take({{p, static_cast<size_t>(stop - p)}, piece.at_start && p == begin});
      p = stop;
    }
  }

 private:
  static const char* contraction(const char* p, const char* end) {
    if (end - p < 2) return nullptr;
    const char a = p[1] | 0x20, b = end - p > 2 ? p[2] | 0x20 : '\0';
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return p + 2;
    if ((a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l')) return p + 3;
    // Case folding makes U+017F, the long s, equal to s.
    if (end - p > 2 && p[1] == '\xC5' && p[2] == '\xBF') return p + 3;
    return nullptr;
  }

  static const char* match(const Reader& r, const char* p, const char* end) {
    if (*p == '\'') {
      if (const char* stop = contraction(p, end)) return stop;
    }
    const char *next, *after;
    const Class c = r.at(p, next);
    if (c == kAlpha) return r.run(kAlpha, next, end);
    if (c == kDigit) {
      for (int n = 1; n < digits && next < end && r.at(next, after) == kDigit; ++n) next = after;
      return next;
    }
    const Class d = next < end ? r.at(next, after) : kBlank;
    if (d == kAlpha && *p != '\r' && *p != '\n') return r.run(kAlpha, after, end);
    if (c == kOther || (*p == ' ' && d == kOther)) {
      const char* q = r.run(kOther, next, end);
      while (q < end && (*q == '\r' || *q == '\n')) ++q;
      return q;
    }
    const char* run = r.run(kBlank, next, end);
    for (const char* q = run; q > p; --q) {
      if (q[-1] == '\r' || q[-1] == '\n') return q;
    }
    return blank_end(p, run, end);
  }
};

}  // namespace

std::unique_ptr<PreTokenizer> make_scanner(std::string_view pattern) {
  if (pattern == kGpt2Pattern) return std::make_unique<Gpt2>();
  if (pattern == kLlama3Pattern) return std::make_unique<Llama3<3>>();
  if (pattern == kQwen2Pattern) return std::make_unique<Llama3<1>>();
  return make_deepseek_scanner(pattern);
}

}  // namespace fk::core::text
