// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

// The text of tests/golden/make_tokenizer.py: line `number` of a mix of words, code, Unicode, white
// space, emoji and stray bytes. Both generators must stay equal byte for byte.
std::string mixed_line(uint64_t number, const std::vector<std::string>& fragments);
std::vector<std::string> read_fragments();

// FNV-1a over whole ids.
template <class T>
uint64_t hash_of(const T& ids) {
  uint64_t h = 0xCBF29CE484222325u;
  for (auto i : ids) h = (h ^ static_cast<uint64_t>(i)) * 0x100000001B3u;
  return h;
}
