// SPDX-License-Identifier: Apache-2.0
#include "core/jinja/lexer.hpp"

#include <array>
#include <cctype>

#include "core/jinja/value.hpp"

namespace fk::core::jinja {
namespace {

using Kind = Token::Kind;

class Lexer {
 public:
  explicit Lexer(std::string_view source) {
    for (size_t i = 0; i < source.size(); ++i) {  // every newline becomes \n
      if (source[i] == '\r') {
        text_ += '\n';
        if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
      } else {
        text_ += source[i];
      }
    }
    if (!text_.empty() && text_.back() == '\n') text_.pop_back();  // keep_trailing_newline is off
  }

  std::vector<Token> run() {
    while (at_ < text_.size()) {
      const size_t open = find_open(at_);
      data(open);
      if (open == std::string::npos) break;
      const char kind = text_[open + 1];
      const size_t skip =
          open + 2 < text_.size() && (text_[open + 2] == '-' || text_[open + 2] == '+') ? 3 : 2;
      if (kind == '#')
        comment(open);
      else if (kind == '%' && is_raw(open + skip))
        raw(open);
      else
        tag(open, skip, kind == '%');
    }
    push(Kind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void error(std::string text) const {
    throw SyntaxError{position(at_), std::move(text)};
  }

  Position position(size_t offset) const {
    while (counted_ < offset && counted_ < text_.size()) {
      if (text_[counted_++] == '\n')
        ++counted_at_.line, counted_at_.column = 1;
      else
        ++counted_at_.column;
    }
    return counted_at_;
  }

  void push(Kind kind, std::string text) {
    tokens_.push_back({kind, std::move(text), position(at_)});
  }

  size_t find_open(size_t from) const {
    for (size_t p = text_.find('{', from); p != std::string::npos && p + 1 < text_.size();
         p = text_.find('{', p + 1))
      if (text_[p + 1] == '{' || text_[p + 1] == '%' || text_[p + 1] == '#') return p;
    return std::string::npos;
  }

  // The text up to a tag, stripped as the tag's sign and lstrip_blocks ask.
  void data(size_t open) {
    std::string_view text =
        std::string_view(text_).substr(at_, open == std::string::npos ? open : open - at_);
    std::string out(text);
    if (open != std::string::npos) {
      const char sign = open + 2 < text_.size() ? text_[open + 2] : 0;
      if (sign == '-') {
        out = strip(out, false, true);
      } else if (sign != '+' && text_[open + 1] != '{') {
        const size_t newline = text.rfind('\n');
        const size_t start = newline == std::string_view::npos ? 0 : newline + 1;
        if (start > 0 || line_starting_)
          if (strip(text.substr(start), true, false).empty()) out.resize(start);
      }
    }
    if (!out.empty()) push(Kind::kText, out);
    at_ = open == std::string::npos ? text_.size() : open;
  }

  // Consumes what follows the end of a tag: all space after '-', one newline after a block or
  // comment.
  void after(char sign, bool block) {
    if (sign == '-') {
      while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    } else if (sign != '+' && block && at_ < text_.size() && text_[at_] == '\n') {
      ++at_;
    }
    line_starting_ = at_ > 0 && text_[at_ - 1] == '\n';
  }

  void comment(size_t open) {
    const size_t close = text_.find("#}", open + 2);
    if (close == std::string::npos) error("a comment {# is not closed by #}");
    const char sign = close > open + 2 ? text_[close - 1] : 0;
    at_ = close + 2;
    after(sign, true);
  }

  bool word_at(size_t p, std::string_view word) const {
    while (p < text_.size() && std::isspace(static_cast<unsigned char>(text_[p]))) ++p;
    return text_.compare(p, word.size(), word) == 0;
  }

  bool is_raw(size_t p) const {
    if (!word_at(p, "raw")) return false;
    const size_t end = text_.find("%}", p);
    return end != std::string::npos && end - p < 64 &&
           strip(std::string_view(text_).substr(p, end - p), true, true)
                   .substr(0, 4)
                   .find_first_not_of("raw-+") == std::string::npos;
  }

  void raw(size_t open) {
    size_t end = text_.find("%}", open);
    const char sign = text_[end - 1];
    at_ = end + 2;
    after(sign, true);
    for (size_t p = text_.find("{%", at_); p != std::string::npos; p = text_.find("{%", p + 2)) {
      const size_t skip =
          p + 2 < text_.size() && (text_[p + 2] == '-' || text_[p + 2] == '+') ? 3 : 2;
      if (!word_at(p + skip, "endraw")) continue;
      data(p);
      end = text_.find("%}", p);
      if (end == std::string::npos) break;
      const char closing = text_[end - 1];
      at_ = end + 2;
      after(closing, true);
      return;
    }
    error("{% raw %} is not closed by {% endraw %}");
  }

  void tag(size_t open, size_t skip, bool block) {
    push(block ? Kind::kBlockBegin : Kind::kOutputBegin, "");
    at_ = open + skip;
    const std::string_view close = block ? "%}" : "}}";
    std::string brackets;
    for (;;) {
      while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
      if (at_ >= text_.size())
        error(block ? "a block {% is not closed by %}" : "an expression {{ is not closed by }}");
      const char c = text_[at_];
      if (brackets.empty()) {
        const bool sign = (c == '-' || c == '+') && text_.compare(at_ + 1, 2, close) == 0;
        if (sign || text_.compare(at_, 2, close) == 0) {
          push(block ? Kind::kBlockEnd : Kind::kOutputEnd, "");
          at_ += sign ? 3 : 2;
          return after(sign ? c : 0, block);
        }
      }
      if (std::isalpha(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80))
        name();
      else if (std::isdigit(static_cast<unsigned char>(c)))
        number();
      else if (c == '"' || c == '\'')
        string(c);
      else
        op(brackets);
    }
  }

  void name() {
    size_t end = at_;
    while (end < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[end])) ||
                                  text_[end] == '_' || (text_[end] & 0x80)))
      ++end;
    push(Kind::kName, text_.substr(at_, end - at_));
    at_ = end;
  }

  void number() {
    size_t end = at_;
    auto digits = [&] {
      while (end < text_.size() &&
             (std::isdigit(static_cast<unsigned char>(text_[end])) || text_[end] == '_'))
        ++end;
    };
    digits();
    bool real = false;
    if (end + 1 < text_.size() && text_[end] == '.' &&
        std::isdigit(static_cast<unsigned char>(text_[end + 1]))) {
      real = true, ++end, digits();
    }
    if (end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
      size_t p = end + 1;
      if (p < text_.size() && (text_[p] == '-' || text_[p] == '+')) ++p;
      if (p < text_.size() && std::isdigit(static_cast<unsigned char>(text_[p])))
        real = true, end = p, digits();
    }
    std::string t;
    for (size_t i = at_; i < end; ++i)
      if (text_[i] != '_') t += text_[i];
    if (t.size() > 40) error("a number of more than 40 digits");
    push(real ? Kind::kFloat : Kind::kInteger, t);
    at_ = end;
  }

  void string(char quote) {
    std::string out;
    size_t p = at_ + 1;
    for (; p < text_.size() && text_[p] != quote; ++p) {
      if (text_[p] != '\\' || p + 1 >= text_.size()) {
        out += text_[p];
        continue;
      }
      const char c = text_[++p];
      constexpr std::array<std::pair<char, char>, 10> kEscapes{{{'n', '\n'},
                                                                {'t', '\t'},
                                                                {'r', '\r'},
                                                                {'\\', '\\'},
                                                                {'\'', '\''},
                                                                {'"', '"'},
                                                                {'b', '\b'},
                                                                {'f', '\f'},
                                                                {'v', '\v'},
                                                                {'a', '\a'}}};
      bool known = false;
      for (auto [from, to] : kEscapes)
        if (c == from) out += to, known = true;
      if (known || c == '\n') continue;
      const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
      if (!digits) {
        (out += '\\') += c;
        continue;
      }
      const std::string hex = text_.substr(p + 1, digits);
      if (hex.size() != digits ||
          hex.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
        error("\\x, \\u and \\U need 2, 4 and 8 hexadecimal digits");
      const unsigned long u = std::stoul(hex, nullptr, 16);
      if (u > 0x10FFFF) error("a code point above 10FFFF");
      if (u < 0x80)
        out += char(u);
      else if (u < 0x800)
        (out += char(0xC0 | u >> 6)) += char(0x80 | (u & 63));
      else if (u < 0x10000)
        ((out += char(0xE0 | u >> 12)) += char(0x80 | (u >> 6 & 63))) += char(0x80 | (u & 63));
      else
        (((out += char(0xF0 | u >> 18)) += char(0x80 | (u >> 12 & 63))) +=
         char(0x80 | (u >> 6 & 63))) += char(0x80 | (u & 63));
      p += digits;
    }
    if (p >= text_.size()) error("a string is not closed");
    push(Kind::kString, out);
    at_ = p + 1;
  }

  void op(std::string& brackets) {
    constexpr std::string_view kTwo[] = {"==", "!=", "<=", ">=", "//", "**"};
    for (std::string_view two : kTwo)
      if (text_.compare(at_, 2, two) == 0) {
        push(Kind::kOperator, std::string(two));
        at_ += 2;
        return;
      }
    const char c = text_[at_];
    if (std::string_view("+-*/%~<>=()[]{}.,:|").find(c) == std::string_view::npos)
      error(std::string("unexpected character '") + c + "'");
    if (c == '(' || c == '[' || c == '{') {
      brackets += c;
      if (brackets.size() > 100) error("brackets nested deeper than 100");
    }
    if (c == ')' || c == ']' || c == '}') {
      const char open = c == ')' ? '(' : c == ']' ? '[' : '{';
      if (brackets.empty() || brackets.back() != open) error(std::string("unexpected '") + c + "'");
      brackets.pop_back();
    }
    push(Kind::kOperator, std::string(1, c));
    ++at_;
  }

  std::string text_;
  size_t at_ = 0;
  bool line_starting_ = true;  // a tag may be the first thing of its line
  std::vector<Token> tokens_;
  mutable size_t counted_ = 0;
  mutable Position counted_at_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace fk::core::jinja
