// SPDX-License-Identifier: Apache-2.0
#include "core/report/html.hpp"

#include <cstdint>

namespace fk::report {
namespace {

constexpr const char* kReplacement = "\xEF\xBF\xBD";

// Bytes of the well-formed UTF-8 sequence at the beginning, with its code point; 0: there is none.
size_t decode(std::string_view s, uint32_t& code) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return code = first, 1;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || s.size() < length) return 0;
  code = first & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3F);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  return overlong || surrogate || code > 0x10FFFF ? 0 : length;
}

bool is_hidden(uint32_t c) {
  const bool control = (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7F && c < 0xA0);
  const bool direction =
      (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F;
  return control || direction || c == 0xFEFF || (c & 0xFFFE) == 0xFFFE;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    uint32_t code = 0;
    const size_t length = decode(text, code);
    if (length == 0 || is_hidden(code))
      out += kReplacement;
    else if (code == '&')
      out += "&amp;";
    else if (code == '<')
      out += "&lt;";
    else if (code == '>')
      out += "&gt;";
    else if (code == '"')
      out += "&quot;";
    else if (code == '\'')
      out += "&#39;";
    else
      out += text.substr(0, length);
    text.remove_prefix(length ? length : 1);
  }
  return out;
}

void Html::begin(const char* tag, const Attributes& attributes) {
  out_ += '<';
  out_ += tag;
  for (const Attribute& a : attributes) {
    out_ += ' ';
    out_ += a.name;
    out_ += "=\"";
    out_ += escaped(a.value);
    out_ += '"';
  }
  out_ += '>';
}

void Html::end(const char* tag) {
  out_ += "</";
  out_ += tag;
  out_ += ">\n";
}

Html::Element Html::open(const char* tag, const Attributes& attributes) {
  begin(tag, attributes);
  return {*this, tag};
}

void Html::leaf(const char* tag, std::string_view content, const Attributes& attributes) {
  begin(tag, attributes);
  text(content);
  end(tag);
}

void Html::empty(const char* tag, const Attributes& attributes) {
  begin(tag, attributes);
  out_.back() = '/';
  out_ += ">\n";
}

}  // namespace fk::report
