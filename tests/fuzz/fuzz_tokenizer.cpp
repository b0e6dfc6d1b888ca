// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "core/base/error.hpp"
#include "core/text/tokenizer.hpp"
#include "core/text/unicode.hpp"

using fk::core::Tokenizer;

// A tokenizer.json, a NUL byte, a text: the file loads or is refused with an Error; what it encodes
// to are tokens of its own, and decoding gives valid UTF-8.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t cut = input.find('\0');
  const std::string_view text =
      cut == input.npos ? "Hello w\xC3\xB6rld 123\xFF" : input.substr(cut + 1);
  try {
    const auto t = Tokenizer::from_tokenizer_json_text(input.substr(0, cut), "f");
    for (const bool special : {false, true}) {
      const auto ids = t->encode(text, {.add_special = special, .parse_special = special});
      fk::core::StreamDecoder stream(*t);
      for (int32_t id : ids) {
        const std::string part = stream.push(id);
        if (fk::core::text::valid_prefix(part) != part.size()) __builtin_trap();
      }
      stream.finish();
      const std::string out = t->decode(ids, special);
      if (fk::core::text::valid_prefix(out) != out.size()) __builtin_trap();
    }
  } catch (const fk::core::Error&) {}
  return 0;
}
