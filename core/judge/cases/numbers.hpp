// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/base/dtype.hpp"

namespace fk::cases {

// Fast repeatable random numbers (splitmix64); the normal ones are sums of four uniforms: bounded,
// so that fp16 holds them.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t bits() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  int64_t below(int64_t n) { return n <= 0 ? 0 : int64_t(bits() % uint64_t(n)); }
  double uniform() { return double(bits() >> 11) * 0x1p-53; }
  double normal() {
    const uint64_t b = bits();
    double sum = -2 + 0x1p-15;
    for (int i = 0; i < 4; ++i) sum += double((b >> (16 * i)) & 0xffff) * 0x1p-16;
    return sum * std::sqrt(3.0);
  }

 private:
  uint64_t state_;
};

inline uint64_t seed_of(uint64_t seed, std::string_view text) {  // FNV-1a
  uint64_t h = 0xcbf29ce484222325u ^ seed;
  for (unsigned char c : text) h = (h ^ c) * 0x100000001b3u;
  return h;
}

inline bool is_float(fk_dtype t) { return t.code == FK_FLOAT || t.code == FK_BFLOAT; }

inline double read(const uint8_t* p, fk_dtype t) {
  auto as = [p](auto v) {
    std::memcpy(&v, p, sizeof v);
    return v;
  };
  if (t.code == FK_BFLOAT) return core::bf16_to_float(as(uint16_t{}));
  if (t.code == FK_FLOAT)
    return t.bits == 64   ? as(double{})
           : t.bits == 32 ? as(float{})
                          : core::f16_to_float(as(uint16_t{}));
  if (t.code == FK_INT)
    return t.bits == 64 ? double(as(int64_t{})) : t.bits == 32 ? as(int32_t{}) : as(int8_t{});
  return as(uint8_t{});
}

inline void write(uint8_t* p, fk_dtype t, double value) {
  auto put = [p](auto v) { std::memcpy(p, &v, sizeof v); };
  if (t.code == FK_BFLOAT)
    put(core::float_to_bf16(float(value)));
  else if (t.code == FK_FLOAT && t.bits == 64)
    put(value);
  else if (t.code == FK_FLOAT && t.bits == 32)
    put(float(value));
  else if (t.code == FK_FLOAT)
    put(core::float_to_f16(float(value)));
  else if (t.code == FK_INT && t.bits == 64)
    put(int64_t(value));
  else if (t.code == FK_INT && t.bits == 32)
    put(int32_t(value));
  else
    put(uint8_t(value));
}

inline double rounded(double value, fk_dtype t) {
  uint8_t bytes[8];
  write(bytes, t, value);
  return read(bytes, t);
}

}  // namespace fk::cases
