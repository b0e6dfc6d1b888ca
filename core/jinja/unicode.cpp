// SPDX-License-Identifier: Apache-2.0
#include <clocale>
#include <cwctype>

#include "core/jinja/value.hpp"

namespace fk::core::jinja {
namespace {

// Length of the well-formed sequence at the front, 1 for a byte that starts none.
size_t sequence_length(std::string_view t) {
  const auto c = static_cast<unsigned char>(t[0]);
  const size_t n = c < 0x80                ? 1
                   : c >= 0xC2 && c < 0xE0 ? 2
                   : c >= 0xE0 && c < 0xF0 ? 3
                   : c >= 0xF0 && c < 0xF5 ? 4
                                           : 1;
  if (n > t.size()) return 1;
  for (size_t i = 1; i < n; ++i)
    if ((static_cast<unsigned char>(t[i]) & 0xC0) != 0x80) return 1;
  return n;
}

uint32_t decode(std::string_view c) {
  auto b = [&](size_t i) { return uint32_t(static_cast<unsigned char>(c[i])); };
  switch (c.size()) {
    case 2: return (b(0) & 31) << 6 | (b(1) & 63);
    case 3: return (b(0) & 15) << 12 | (b(1) & 63) << 6 | (b(2) & 63);
    case 4: return (b(0) & 7) << 18 | (b(1) & 63) << 12 | (b(2) & 63) << 6 | (b(3) & 63);
    default: return b(0);
  }
}

void append(uint32_t u, std::string& out) {
  if (u < 0x80)
    out += char(u);
  else if (u < 0x800)
    (out += char(0xC0 | u >> 6)) += char(0x80 | (u & 63));
  else if (u < 0x10000)
    ((out += char(0xE0 | u >> 12)) += char(0x80 | (u >> 6 & 63))) += char(0x80 | (u & 63));
  else
    (((out += char(0xF0 | u >> 18)) += char(0x80 | (u >> 12 & 63))) +=
     char(0x80 | (u >> 6 & 63))) += char(0x80 | (u & 63));
}

}  // namespace

std::vector<std::string_view> code_points(std::string_view text) {
  std::vector<std::string_view> out;
  for (size_t i = 0; i < text.size();) {
    const size_t n = sequence_length(text.substr(i));
    out.push_back(text.substr(i, n));
    i += n;
  }
  return out;
}

bool is_space(std::string_view c) {
  const uint32_t u = decode(c);
  if (c.size() == 1 && u >= 0x80) return false;
  return (u >= 9 && u <= 13) || (u >= 28 && u <= 32) || u == 0x85 || u == 0xA0 || u == 0x1680 ||
         (u >= 0x2000 && u <= 0x200A) || u == 0x2028 || u == 0x2029 || u == 0x202F || u == 0x205F ||
         u == 0x3000;
}

std::string strip(std::string_view text, bool left, bool right, const std::string* chars) {
  const auto points = code_points(text);
  std::vector<std::string_view> set;
  if (chars) set = code_points(*chars);
  auto drop = [&](std::string_view c) {
    if (!chars) return is_space(c);
    for (std::string_view s : set)
      if (s == c) return true;
    return false;
  };
  size_t first = 0, last = points.size();
  while (left && first < last && drop(points[first])) ++first;
  while (right && last > first && drop(points[last - 1])) --last;
  std::string out;
  for (size_t i = first; i < last; ++i) out += points[i];
  return out;
}

std::string change_case(std::string_view text, bool upper) {
  // The C library's simple mappings; one code point to one, whatever the process's locale is.
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::string out;
  for (std::string_view c : code_points(text)) {
    const uint32_t u = decode(c);
    if (c.size() == 1 && u >= 0x80)
      out += c;
    else if (u == 0xDF && upper)
      out += "SS";
    else if (locale)
      append(uint32_t(upper ? towupper_l(wint_t(u), locale) : towlower_l(wint_t(u), locale)), out);
    else
      append(u < 0x80 ? uint32_t(upper ? std::toupper(int(u)) : std::tolower(int(u))) : u, out);
  }
  return out;
}

}  // namespace fk::core::jinja
