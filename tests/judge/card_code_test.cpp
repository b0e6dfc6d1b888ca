// SPDX-License-Identifier: Apache-2.0
// What the gate reads about kernels for a card, which needs none.
#include "core/judge/gate/card_code.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace fk::judge {
namespace {

template <class T>
void put(std::string& bytes, size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

std::string entry(uint16_t kind, uint32_t architecture, size_t code) {
  std::string e(64 + code, '\0');
  put<uint16_t>(e, 0, kind);
  put<uint32_t>(e, 4, 64);
  put<uint64_t>(e, 8, code);
  put<uint32_t>(e, 28, architecture);
  return e;
}

std::string container(const std::string& entries) {
  std::string head(16, '\0');
  put<uint32_t>(head, 0, 0xBA55ED50);
  put<uint16_t>(head, 6, 16);
  put<uint64_t>(head, 8, entries.size());
  return head + entries;
}

TEST(CardCode, NamesArchitectures) {
  const std::string bytes = "before" + container(entry(2, 90, 40) + entry(1, 90, 8)) + "between" +
                            container(entry(2, 80, 24));
  const CardCode code = card_code(bytes);
  EXPECT_EQ(code.machine, (std::set<int>{80, 90}));
  EXPECT_EQ(code.ptx, (std::set<int>{90}));
  EXPECT_FALSE(card_code("nothing of the kind").any());
}

TEST(CardCode, PassesOverWhatIsDamaged) {
  const std::string good = container(entry(2, 90, 40));
  for (size_t n = 0; n < good.size(); ++n) EXPECT_FALSE(card_code(good.substr(0, n)).any()) << n;
  std::string bad = good;
  put<uint64_t>(bad, 8, ~uint64_t{0});
  EXPECT_FALSE(card_code(bad).any());
  bad = good;
  put<uint64_t>(bad, 16 + 8, ~uint64_t{0});
  EXPECT_FALSE(card_code(bad).any());
}

TEST(CardCode, ReadsWhatCuobjdumpPrints) {
  const CardResources r = parse_resources(
      "Resource usage:\n Common:\n  GLOBAL:8 CONSTANT[3]:16\n Function one:\n"
      "  REG:24 STACK:0 SHARED:0 LOCAL:0 CONSTANT[0]:580 TEXTURE:0\n Function two:\n"
      "  REG:168 STACK:32 SHARED:1024 LOCAL:0 CONSTANT[0]:560\n");
  EXPECT_EQ(r.kernels, 2u);
  EXPECT_EQ(r.most_registers, 168u);
  EXPECT_EQ(r.most_stack, 32u);
  EXPECT_EQ(r.global_bytes, 8u);
  EXPECT_EQ(parse_resources("").kernels, 0u);
}

}  // namespace
}  // namespace fk::judge
