// SPDX-License-Identifier: Apache-2.0
#include "core/spec/yaml_scalar.hpp"

#include <algorithm>
#include <cstring>

namespace fk::core {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool is_blank(char c) { return is_space(c) || c == '\n' || c == '\0'; }
bool is_flow(char c) { return c == ',' || c == '[' || c == ']' || c == '{' || c == '}'; }

void put_utf8(uint32_t c, std::string& out) {
  if (c < 0x80)
    out += char(c);
  else if (c < 0x800)
    (out += char(0xc0 | c >> 6)) += char(0x80 | (c & 63));
  else if (c < 0x10000)
    ((out += char(0xe0 | c >> 12)) += char(0x80 | (c >> 6 & 63))) += char(0x80 | (c & 63));
  else
    (((out += char(0xf0 | c >> 18)) += char(0x80 | (c >> 12 & 63))) +=
     char(0x80 | (c >> 6 & 63))) += char(0x80 | (c & 63));
}

}  // namespace

void YamlInput::spaces() {
  while (is_space(peek())) ++at_;
}

void YamlInput::new_line() {
  line_start_ = ++at_;
  ++line_;
}

void YamlInput::to_content() {
  for (;;) {
    if (peek() == '\t' &&
        text_.substr(line_start_, at_ - line_start_).find_first_not_of(' ') == text_.npos) {
      const size_t content = text_.find_first_not_of(" \t\r", at_);
      if (content != text_.npos && text_[content] != '\n' && text_[content] != '#')
        fail("found a tab in the indentation, expected spaces");
    }
    spaces();
    if (peek() == '#' &&
        (at_ == line_start_ || is_blank(text_[at_ - 1]) || is_flow(text_[at_ - 1])))
      at_ = std::min(text_.find('\n', at_), text_.size());
    if (peek() != '\n') return;
    new_line();
  }
}

bool YamlInput::at_line_end() const {
  return done() || peek() == '\n' ||
         (peek() == '#' && (at_ == line_start_ || is_space(text_[at_ - 1])));
}
bool YamlInput::at_dash() const { return peek() == '-' && is_blank(peek(1)); }
bool YamlInput::at_marker(std::string_view m) const {
  return at_ == line_start_ && left().starts_with(m) && is_blank(peek(m.size()));
}

Yaml YamlInput::node(Yaml::Kind kind) const {
  Yaml n;
  n.kind = kind;
  n.line = line_;
  n.column = column();
  n.file = file_;
  return n;
}

std::string YamlInput::word() const {
  if (done()) return "the end of the file";
  size_t end = at_ + 1;
  if (!is_flow(text_[at_]))
    while (end < text_.size() && !is_blank(text_[end]) && !is_flow(text_[end]) && end - at_ < 40)
      ++end;
  while (end < text_.size() && (text_[end] & 0xc0) == 0x80) ++end;  // whole characters
  return fmt::format("\"{}\"", text_.substr(at_, end - at_));
}

// Where the quoted text that begins at `at` has its closing quote, if that is on the same line;
// npos otherwise.
size_t YamlInput::quoted_end(size_t at) const {
  const char quote = text_[at];
  for (size_t i = at + 1; i < text_.size() && text_[i] != '\n'; ++i) {
    if (quote == '"' && text_[i] == '\\')
      ++i;
    else if (text_[i] == quote && quote == '\'' && i + 1 < text_.size() && text_[i + 1] == quote)
      ++i;
    else if (text_[i] == quote)
      return i;
  }
  return text_.npos;
}

bool YamlInput::at_key() const {
  const char c = peek();
  if (c == '"' || c == '\'') {
    size_t end = quoted_end(at_);
    if (end == text_.npos) return false;
    for (++end; end < text_.size() && is_space(text_[end]);) ++end;
    return end < text_.size() && text_[end] == ':' &&
           (end + 1 == text_.size() || is_blank(text_[end + 1]));
  }
  if (done() || is_flow(c) || std::strchr("#&*!|>%@`", c)) return false;
  for (size_t i = at_; i < text_.size() && text_[i] != '\n'; ++i) {
    if (text_[i] == ':' && (i + 1 == text_.size() || is_blank(text_[i + 1]))) return true;
    if (text_[i] == '#' && i > at_ && is_space(text_[i - 1])) return false;
  }
  return false;
}

bool YamlInput::next_is_list_at(int column) const {
  YamlInput ahead = *this;
  ahead.spaces();
  if (!ahead.at_line_end()) return false;
  ahead.to_content();
  return ahead.column() == column && ahead.at_dash();
}

Yaml YamlInput::key() {
  Yaml k;
  if (peek() == '"' || peek() == '\'') {
    k = quoted();
  } else {
    if (peek() == '?' && is_blank(peek(1))) fail("found \"? \", expected a plain key");
    k = node(Yaml::Kind::kScalar);
    const size_t begin = at_;
    while (!(peek() == ':' && is_blank(peek(1)))) ++at_;
    size_t end = at_;
    while (end > begin && is_space(text_[end - 1])) --end;
    k.text = text_.substr(begin, end - begin);
  }
  spaces();
  ++at_;  // the ":" that at_key() saw
  return k;
}

// Line ends and the spaces before and after them; one line end folds to a space, more to one fewer
// line ends.
int YamlInput::fold_lines() {
  int lines = 0;
  for (spaces(); peek() == '\n'; spaces()) new_line(), ++lines;
  return lines;
}

void YamlInput::escape(std::string& out) {
  static constexpr std::string_view kFrom = "0abtnvfre\"/\\ \t",
                                    kTo("\0\a\b\t\n\v\f\r\x1b\"/\\ \t", 14);
  const char c = peek(1);
  if (c == '\n' || (c == '\r' && peek(2) == '\n')) {  // an escaped line end joins the lines
    at_ += c == '\n' ? 1 : 2;
    new_line();
    spaces();
    return;
  }
  const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (digits) {
    uint32_t value = 0;
    for (size_t i = 0; i < digits; ++i) {
      const char d = peek(2 + i);
      const int v = d >= '0' && d <= '9'   ? d - '0'
                    : d >= 'a' && d <= 'f' ? d - 'a' + 10
                    : d >= 'A' && d <= 'F' ? d - 'A' + 10
                                           : -1;
      if (v < 0) fail("found {}, expected {} hexadecimal digits", word(), digits);
      value = value * 16 + uint32_t(v);
    }
    if (value == 0 || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
      fail("found {}, expected a character", word());
    put_utf8(value, out);
    at_ += 2 + digits;
    return;
  }
  const size_t known = kFrom.find(c);
  if (c == '\0' || c == '0' || known == kFrom.npos)
    fail("found the unknown escape {}, expected one of YAML's", word());
  out += kTo[known];
  at_ += 2;
}

Yaml YamlInput::quoted() {
  Yaml n = node(Yaml::Kind::kScalar);
  n.quoted = true;
  const char quote = text_[at_++];
  for (;;) {
    if (done()) fail_at(n, "found a text without its closing {}, expected one", quote);
    const char c = peek();
    if (c == quote) {
      ++at_;
      if (quote == '"' || peek() != quote) return n;
      n.text += quote;
      ++at_;
    } else if (c == '\\' && quote == '"') {
      escape(n.text);
    } else if (is_space(c) || c == '\n') {
      const size_t begin = at_;
      const int lines = fold_lines();
      if (lines == 0)
        n.text += text_.substr(begin, at_ - begin);
      else if (lines == 1)
        n.text += ' ';
      else
        n.text.append(size_t(lines - 1), '\n');
    } else {
      n.text += c;
      ++at_;
    }
  }
}

bool YamlInput::ends_plain(size_t at, bool flow) const {
  const char c = text_[at];
  if (c == '#') return at > 0 && is_blank(text_[at - 1]);
  if (flow && is_flow(c)) return true;
  if (c != ':') return false;
  const char next = at + 1 < text_.size() ? text_[at + 1] : '\0';
  return is_blank(next) || (flow && is_flow(next));
}

Yaml YamlInput::plain(bool flow, int least) {
  Yaml n = node(Yaml::Kind::kScalar);
  switch (peek()) {
    case '&': fail("found an anchor ({}), expected the value itself", word());
    case '*':
      fail("found an alias ({}), expected the value itself; quote a text that begins with *",
           word());
    case '!':
      fail("found a tag ({}), expected the value itself; quote a text that begins with !", word());
    case '%':
    case '@':
    case '`':
    case ',':
    case ']':
    case '}': fail("found {}, expected a value; quote a text that begins so", word());
    case '|':
    case '>': fail("found {} in a list or map, expected a value", word());
    default: break;
  }
  if (ends_plain(at_, flow) || ((peek() == '?' || peek() == '-') && is_blank(peek(1))))
    fail("found {}, expected a value", word());
  for (;;) {
    const size_t begin = at_;
    while (!done() && peek() != '\n' && !ends_plain(at_, flow)) ++at_;
    size_t end = at_;
    while (end > begin && is_space(text_[end - 1])) --end;
    n.text += text_.substr(begin, end - begin);
    if (!flow && peek() == ':' && !done())
      fail("found a second \": \" in one value, expected it in quotes: \"...\"");
    if (peek() != '\n') break;
    const YamlInput here = *this;
    const int lines = fold_lines();
    const bool more = !done() && !at_marker("---") && !at_marker("...") &&
                      (flow ? !ends_plain(at_, true) : column() >= least && peek() != '#');
    if (!more) {
      *this = here;
      break;
    }
    if (lines == 1)
      n.text += ' ';
    else
      n.text.append(size_t(lines - 1), '\n');
  }
  if (n.text == "~" || n.text == "null" || n.text == "Null" || n.text == "NULL")
    n.kind = Yaml::Kind::kNull, n.text.clear();
  return n;
}

Yaml YamlInput::block_scalar(int least) {
  Yaml n = node(Yaml::Kind::kScalar);
  n.quoted = true;
  const bool folded = text_[at_++] == '>';
  char chomp = ' ';
  for (; peek() == '-' || peek() == '+'; ++at_) chomp = peek();
  spaces();
  if (!at_line_end())
    fail("found {} behind the mark of a block of text, expected the end of the line", word());
  at_ = std::min(text_.find('\n', at_), text_.size());
  // Lines as they stand, the indentation of the first taken off; then folded and chomped.
  std::vector<std::string_view> lines;
  size_t indent = 0;
  while (!done()) {
    new_line();
    if (done()) break;
    const size_t stop = std::min(text_.find('\n', at_), text_.size());
    std::string_view line = text_.substr(at_, stop - at_);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const size_t blank = std::min(line.find_first_not_of(' '), line.size());
    if (blank < line.size()) {
      if (blank + 1 < size_t(std::max(least, 1)) || (indent && blank < indent)) break;
      if (at_marker("---") || at_marker("...")) break;
      if (!indent) indent = blank;
    }
    lines.push_back(blank < line.size()
                        ? line.substr(indent)
                        : line.substr(std::min(indent ? indent : blank, line.size())));
    at_ = stop;
    if (done()) break;
  }
  size_t count = lines.size();
  auto empty = [&](size_t i) { return lines[i].find_first_not_of(' ') == std::string_view::npos; };
  while (count && empty(count - 1)) --count;
  size_t breaks = 0, last = 0;
  for (size_t i = 0; i < count; ++i) {
    if (folded && empty(i)) {
      ++breaks;
      continue;
    }
    if (!folded) {
      if (i) n.text += '\n';
    } else if (n.text.empty()) {
      n.text.append(breaks, '\n');
    } else {
      const bool kept = is_space(lines[i][0]) ||
                        is_space(lines[last][0]);  // further indented lines are not folded
      if (breaks + kept)
        n.text.append(breaks + kept, '\n');
      else
        n.text += ' ';
    }
    n.text += lines[i];
    breaks = 0;
    last = i;
  }
  if (chomp != '-' && count) n.text += '\n';
  if (chomp == '+') n.text.append(lines.size() - count, '\n');
  return n;
}

}  // namespace fk::core
