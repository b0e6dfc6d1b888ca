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
  // As if so many had been drawn.
  void skip(uint64_t n) { state_ += n * 0x9E3779B97F4A7C15u; }
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

// How numbers of a dtype lie in memory.
template <class Bits, class Value, Value (*from)(Bits), Bits (*to)(Value)>
struct Format {
  static constexpr size_t kBytes = sizeof(Bits);
  static double read(const uint8_t* p) {
    Bits b;
    std::memcpy(&b, p, sizeof b);
    return double(from(b));
  }
  static void write(uint8_t* p, double value) {
    const Bits b = to(Value(value));
    std::memcpy(p, &b, sizeof b);
  }
};
template <class T>
T as_it_is(T v) {
  return v;
}
template <class T>
using Plain = Format<T, T, as_it_is<T>, as_it_is<T>>;

// f(Format): the choice is made once, not for every number.
template <class F>
auto with_format(fk_dtype t, const F& f) {
  if (t.code == FK_BFLOAT)
    return f(Format<uint16_t, float, core::bf16_to_float, core::float_to_bf16>());
  if (t.code == FK_FLOAT) {
    if (t.bits == 64) return f(Plain<double>());
    if (t.bits == 32) return f(Plain<float>());
    return f(Format<uint16_t, float, core::f16_to_float, core::float_to_f16>());
  }
  if (t.code == FK_INT) {
    if (t.bits == 64) return f(Plain<int64_t>());
    if (t.bits == 32) return f(Plain<int32_t>());
    return f(Plain<int8_t>());
  }
  return f(Plain<uint8_t>());
}

inline double read(const uint8_t* p, fk_dtype t) {
  return with_format(t, [&](auto format) { return format.read(p); });
}
inline void write(uint8_t* p, fk_dtype t, double value) {
  with_format(t, [&](auto format) { format.write(p, value); });
}
// As many as there are values.
inline void read(const uint8_t* p, fk_dtype t, std::vector<double>& values) {
  with_format(t, [&](auto format) {
    for (size_t i = 0; i < values.size(); ++i) values[i] = format.read(p + i * format.kBytes);
  });
}
inline void write(uint8_t* p, fk_dtype t, const std::vector<double>& values) {
  with_format(t, [&](auto format) {
    for (size_t i = 0; i < values.size(); ++i) format.write(p + i * format.kBytes, values[i]);
  });
}

inline double rounded(double value, fk_dtype t) {
  uint8_t bytes[8];
  write(bytes, t, value);
  return read(bytes, t);
}

}  // namespace fk::cases
