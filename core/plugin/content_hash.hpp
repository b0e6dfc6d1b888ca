// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace fk::core {

// BLAKE2b (RFC 7693) with a 16-byte digest: names of plugin files and of what they were built from.
class ContentHash {
 public:
  ContentHash();
  void add(const void* data, size_t size);
  // Length first, so that two texts in a row cannot be confused with one.
  void add(std::string_view text);
  std::string hex();  // 32 characters; ends the hash

 private:
  void compress(bool last);
  std::array<uint64_t, 8> h_;
  std::array<uint8_t, 128> block_{};
  size_t fill_ = 0;
  uint64_t total_ = 0;
};

std::string hash_bytes(std::span<const uint8_t> bytes);
// Throws Error kMissing when the file cannot be read.
std::string read_file(const std::filesystem::path&);

}  // namespace fk::core
