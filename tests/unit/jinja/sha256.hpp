// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <string>

namespace fk::core {

// FIPS 180-4, for comparing with what Python hashed. The constants are the fractional parts of cube
// and square roots of primes.
inline std::string sha256(std::string text) {
  std::array<uint32_t, 64> k{};
  std::array<uint32_t, 8> h{};
  for (int n = 2, count = 0; count < 64; ++n) {
    bool prime = true;
    for (int d = 2; d * d <= n; ++d) prime = prime && n % d;
    if (!prime) continue;
    auto fraction = [](long double v) { return uint32_t((v - std::floor(v)) * 4294967296.0L); };
    if (count < 8) h[size_t(count)] = fraction(std::sqrt(static_cast<long double>(n)));
    k[size_t(count++)] = fraction(std::cbrt(static_cast<long double>(n)));
  }
  const uint64_t bits = text.size() * 8;
  text += char(0x80);
  while (text.size() % 64 != 56) text += char(0);
  for (int i = 7; i >= 0; --i) text += char(bits >> (8 * i));
  for (size_t at = 0; at < text.size(); at += 64) {
    std::array<uint32_t, 64> w{};
    for (size_t i = 0; i < 16; ++i)
      for (size_t b = 0; b < 4; ++b)
        w[i] = w[i] << 8 | static_cast<unsigned char>(text[at + 4 * i + b]);
    for (size_t i = 16; i < 64; ++i) {
      const uint32_t a = w[i - 15], b = w[i - 2];
      w[i] = w[i - 16] + w[i - 7] + (std::rotr(a, 7) ^ std::rotr(a, 18) ^ a >> 3) +
             (std::rotr(b, 17) ^ std::rotr(b, 19) ^ b >> 10);
    }
    auto v = h;
    for (size_t i = 0; i < 64; ++i) {
      const uint32_t s1 = std::rotr(v[4], 6) ^ std::rotr(v[4], 11) ^ std::rotr(v[4], 25);
      const uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
      const uint32_t s0 = std::rotr(v[0], 2) ^ std::rotr(v[0], 13) ^ std::rotr(v[0], 22);
      const uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
      v = {t1 + t2, v[0], v[1], v[2], v[3] + t1, v[4], v[5], v[6]};
    }
    for (size_t i = 0; i < 8; ++i) h[i] += v[i];
  }
  std::string out;
  for (uint32_t x : h)
    for (int i = 28; i >= 0; i -= 4) out += "0123456789abcdef"[x >> i & 15];
  return out;
}

}  // namespace fk::core
