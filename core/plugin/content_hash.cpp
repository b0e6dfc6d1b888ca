// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/content_hash.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <memory>

#include "core/base/error.hpp"

namespace fk::core {
namespace {

constexpr size_t kDigest = 16;
constexpr std::array<uint64_t, 8> kIv{0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                                      0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                                      0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
constexpr uint8_t kSigma[10][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
                                    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
                                    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
                                    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
                                    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

}  // namespace

ContentHash::ContentHash() : h_(kIv) { h_[0] ^= 0x01010000 ^ kDigest; }

void ContentHash::compress(bool last) {
  std::array<uint64_t, 16> v, m;
  std::copy(h_.begin(), h_.end(), v.begin());
  std::copy(kIv.begin(), kIv.end(), v.begin() + 8);
  v[12] ^= total_;
  if (last) v[14] = ~v[14];
  std::memcpy(m.data(), block_.data(), sizeof m);
  const auto mix = [&](int a, int b, int c, int d, uint64_t x, uint64_t y) {
    v[a] += v[b] + x;
    v[d] = std::rotr(v[d] ^ v[a], 32);
    v[c] += v[d];
    v[b] = std::rotr(v[b] ^ v[c], 24);
    v[a] += v[b] + y;
    v[d] = std::rotr(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = std::rotr(v[b] ^ v[c], 63);
  };
#pragma GCC unroll 12
  for (int r = 0; r < 12; ++r) {
    const uint8_t* s = kSigma[r % 10];
    mix(0, 4, 8, 12, m[s[0]], m[s[1]]);
    mix(1, 5, 9, 13, m[s[2]], m[s[3]]);
    mix(2, 6, 10, 14, m[s[4]], m[s[5]]);
    mix(3, 7, 11, 15, m[s[6]], m[s[7]]);
    mix(0, 5, 10, 15, m[s[8]], m[s[9]]);
    mix(1, 6, 11, 12, m[s[10]], m[s[11]]);
    mix(2, 7, 8, 13, m[s[12]], m[s[13]]);
    mix(3, 4, 9, 14, m[s[14]], m[s[15]]);
  }
  for (int i = 0; i < 8; ++i) h_[i] ^= v[i] ^ v[i + 8];
}

void ContentHash::add(const void* data, size_t size) {
  const auto* p = static_cast<const uint8_t*>(data);
  while (size > 0) {
    if (fill_ ==
        block_.size()) {  // the last block waits for hex(): it is compressed with the final flag
      total_ += fill_;
      compress(false);
      fill_ = 0;
    }
    const size_t n = std::min(size, block_.size() - fill_);
    std::memcpy(block_.data() + fill_, p, n);
    fill_ += n;
    p += n;
    size -= n;
  }
}

void ContentHash::add(std::string_view text) {
  const uint64_t size = text.size();
  add(&size, sizeof size);
  add(text.data(), text.size());
}

std::string ContentHash::hex() {
  total_ += fill_;
  std::fill(block_.begin() + std::ptrdiff_t(fill_), block_.end(), 0);
  compress(true);
  std::array<uint8_t, kDigest> digest;
  std::memcpy(digest.data(), h_.data(), kDigest);
  std::string out;
  for (uint8_t b : digest) {
    out += "0123456789abcdef"[b >> 4];
    out += "0123456789abcdef"[b & 15];
  }
  return out;
}

std::string hash_bytes(std::span<const uint8_t> bytes) {
  ContentHash h;
  h.add(bytes.data(), bytes.size());
  return h.hex();
}

std::string read_file(const std::filesystem::path& path) {
  const auto close = [](std::FILE* f) { std::fclose(f); };
  std::unique_ptr<std::FILE, decltype(close)> f(std::fopen(path.c_str(), "rb"), close);
  if (!f) missing("{}: cannot be read: {}", path.string(), std::strerror(errno));
  std::string out;
  std::error_code ignored;
  if (const auto size = std::filesystem::file_size(path, ignored); !ignored) out.reserve(size + 1);
  char buffer[1 << 16];
  for (size_t n; (n = std::fread(buffer, 1, sizeof buffer, f.get())) > 0;) out.append(buffer, n);
  if (std::ferror(f.get())) missing("{}: cannot be read: {}", path.string(), std::strerror(errno));
  return out;
}

}  // namespace fk::core
