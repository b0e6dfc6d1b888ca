// SPDX-License-Identifier: Apache-2.0
#include "mixed_text.hpp"

#include <fstream>

#include "core/base/json.hpp"
#include "core/text/unicode.hpp"

namespace {

class Random {  // splitmix64
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next(uint64_t n) {
    uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (z ^ z >> 31) % n;
  }

 private:
  uint64_t state_;
};

constexpr uint32_t kRanges[][2] = {
    {0x20, 0x7F},     {0x80, 0x250},     {0x300, 0x370},     {0x370, 0x600},     {0x900, 0xE00},
    {0x1E00, 0x2100}, {0x2100, 0x2C00},  {0x3000, 0x3100},   {0x4E00, 0x9FFF},   {0xAC00, 0xD7A4},
    {0xF900, 0xFB50}, {0xFE00, 0x10000}, {0x1F300, 0x1FA00}, {0x1D400, 0x1D800}, {0, 0x20}};

}  // namespace

std::string mixed_line(uint64_t number, const std::vector<std::string>& fragments) {
  Random r(number);
  std::string out;
  const uint64_t parts = 1 + r.next(14);
  for (uint64_t part = 0; part < parts; ++part) {
    const uint64_t kind = r.next(16);
    if (kind < 8) {
      out += fragments[r.next(fragments.size())];
      if (kind < 4) out += ' ';
    } else if (kind < 10) {
      const char c = " \t\n\r"[r.next(4)];
      out.append(1 + r.next(4), c);
    } else if (kind < 11) {
      uint64_t limit = 1;
      for (uint64_t digits = 1 + r.next(9); digits > 0; --digits) limit *= 10;
      out += std::to_string(r.next(limit));
    } else if (kind < 14) {
      for (uint64_t n = 1 + r.next(4); n > 0; --n) {
        const auto& range = kRanges[r.next(std::size(kRanges))];
        fk::core::text::append_char(out, range[0] + r.next(range[1] - range[0]));
      }
    } else if (kind < 15) {
      for (uint64_t n = 1 + r.next(3); n > 0; --n) out += static_cast<char>(r.next(256));
    } else {
      const char c = static_cast<char>('a' + r.next(26));
      out.append(1 + r.next(40), c);
    }
  }
  return out;
}

std::vector<std::string> read_fragments() {
  std::ifstream in(FK_SOURCE_DIR "/tests/golden/tokenizer/fragments.json");
  return nlohmann::json::parse(in).get<std::vector<std::string>>();
}
