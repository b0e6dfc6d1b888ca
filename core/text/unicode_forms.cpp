// SPDX-License-Identifier: Apache-2.0
#include "core/text/unicode_forms.hpp"

#include <utf8proc.h>

#include <cstdlib>
#include <string_view>

#include "core/base/error.hpp"
#include "core/text/unicode.hpp"

namespace fk::core::text {
namespace {

// Below this code point no form changes a character, and none combines with the one before it.
uint32_t first_touched(Form form) { return form == Form::kNfc ? 0x300 : 0x80; }

void map_stretch(int options, const char* begin, const char* end, std::string& out) {
  if (begin == end) return;
  utf8proc_uint8_t* mapped = nullptr;
  const auto n = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(begin), end - begin,
                              &mapped, static_cast<utf8proc_option_t>(options));
  if (n < 0) bad_input("normalisation failed: {}", utf8proc_errmsg(n));
  out.append(reinterpret_cast<const char*>(mapped), static_cast<size_t>(n));
  std::free(mapped);
}

}  // namespace

void to_form(Form form, std::string& text) {
  if (is_ascii(text)) return;
  int options = form == Form::kNfc || form == Form::kNfkc ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  if (form == Form::kNfkc || form == Form::kNfkd) options |= UTF8PROC_COMPAT;
  const uint32_t limit = first_touched(form);
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  const CharTable& table = char_table();
  const char *p = text.data(), *end = p + text.size();
  while (p < end) {
    // What is below the limit is copied, but for its last character: the next may combine with it.
    const char *start = p, *last = p;
    while (p < end) {
      const char* here = p;
      if (next_char(p) >= limit) {
        p = here;
        break;
      }
      last = here;
    }
    if (p == end) last = end;
    out.append(start, last);
    const char* stretch = last;
    while (p < end) {
      const char* here = p;
      const uint32_t c = next_char(p);
      if (c < limit) {
        p = here;
        break;
      }
      if (char_flags(table, c) & kInert) {
        map_stretch(options, stretch, here, out);
        out.append(here, p);
        stretch = p;
      }
    }
    map_stretch(options, stretch, p, out);
  }
  // utf8proc up to 2.8 composes U+2ADC, which no composed form may hold.
  for (size_t i = 0;
       (options & UTF8PROC_COMPOSE) && (i = out.find("\xE2\xAB\x9C", i)) != out.npos;) {
    out.replace(i, 3, "\xE2\xAB\x9D\xCC\xB8");
  }
  text = std::move(out);
}

}  // namespace fk::core::text
