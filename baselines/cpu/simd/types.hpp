// SPDX-License-Identifier: Apache-2.0
// Storage types of 16-bit floats and their scalar conversions, shared by every instruction set.
#pragma once
#include <cstdint>
#include <cstring>

namespace fkcpu {

struct bf16 {
  uint16_t bits;
};
struct f16 {
  uint16_t bits;
};

// The order of the tables in Kernels.
enum class Type { kF32 = 0, kBF16 = 1, kF16 = 2 };
constexpr int kTypes = 3;
constexpr int type_bytes(Type t) { return t == Type::kF32 ? 4 : 2; }

inline float bits_to_float(uint32_t u) {
  float f;
  std::memcpy(&f, &u, 4);
  return f;
}
inline uint32_t float_to_bits(float f) {
  uint32_t u;
  std::memcpy(&u, &f, 4);
  return u;
}

inline float to_float(float v) { return v; }
inline float to_float(bf16 v) { return bits_to_float(uint32_t(v.bits) << 16); }
inline float to_float(f16 h) {
  const uint32_t sign = uint32_t(h.bits & 0x8000) << 16, magnitude = h.bits & 0x7fff;
  if (magnitude >= 0x7c00) return bits_to_float(sign | 0x7f800000 | (magnitude & 0x3ff) << 13);
  if (magnitude < 0x0400) {  // subnormal: an integer times 2^-24
    const float value = float(magnitude) * 5.9604644775390625e-8f;
    return sign ? -value : value;
  }
  return bits_to_float(sign | ((magnitude << 13) + 0x38000000));
}

inline void from_float(float f, float* out) { *out = f; }
inline void from_float(float f, bf16* out) {  // to nearest even; NaN stays NaN
  const uint32_t u = float_to_bits(f);
  out->bits = (u & 0x7fffffff) > 0x7f800000 ? uint16_t((u >> 16) | 64)
                                            : uint16_t((u + 0x7fff + ((u >> 16) & 1)) >> 16);
}
inline void from_float(float f, f16* out) {  // to nearest even
  const uint32_t u = float_to_bits(f), magnitude = u & 0x7fffffff;
  const uint16_t sign = uint16_t((u >> 16) & 0x8000);
  if (magnitude > 0x7f800000) {
    out->bits = uint16_t(sign | 0x7e00 | ((magnitude >> 13) & 0x3ff));
  } else if (magnitude >= 0x477ff000) {  // rounds to 65536 or more
    out->bits = uint16_t(sign | 0x7c00);
  } else if (magnitude < 0x38800000) {  // subnormal: adding 0.5 rounds at 2^-24
    const float shifted = bits_to_float(magnitude) + 0.5f;
    out->bits = uint16_t(sign | (float_to_bits(shifted) - 0x3f000000));
  } else {
    out->bits = uint16_t(sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >> 13) & 1)) >> 13));
  }
}

}  // namespace fkcpu
