// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "fk/abi.h"

namespace fk::core {

// "float32", "bfloat16", "int64", "uint8" ...; nullopt for a name that is none of ours.
std::optional<fk_dtype> parse_dtype(std::string_view name);
std::string_view dtype_name(fk_dtype t);
inline size_t dtype_bytes(fk_dtype t) { return size_t(t.bits) * t.lanes / 8; }
inline bool same(fk_dtype a, fk_dtype b) {
  return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes;
}

inline float bf16_to_float(uint16_t h) { return std::bit_cast<float>(uint32_t(h) << 16); }
inline uint16_t float_to_bf16(float f) {  // round to nearest even; NaN stays NaN
  uint32_t u = std::bit_cast<uint32_t>(f);
  if ((u & 0x7fffffff) > 0x7f800000) return uint16_t((u >> 16) | 64);
  return uint16_t((u + 0x7fff + ((u >> 16) & 1)) >> 16);
}
// Without _Float16, which clang lacks on x86 before 15.
inline float f16_to_float(uint16_t h) {  // exact
  const uint32_t sign = uint32_t(h & 0x8000) << 16, body = uint32_t(h & 0x7fff) << 13;
  if (body >= 0x0f800000) return std::bit_cast<float>(sign | body | 0x7f800000);  // infinity, NaN
  return std::bit_cast<float>(sign |
                              std::bit_cast<uint32_t>(std::bit_cast<float>(body) * 0x1p112f));
}
inline uint16_t float_to_f16(float f) {  // round to nearest even; NaN stays NaN
  uint32_t u = std::bit_cast<uint32_t>(f);
  const uint32_t sign = (u >> 16) & 0x8000;
  u &= 0x7fffffff;
  if (u > 0x7f800000) return uint16_t(sign | 0x7e00 | (u >> 13 & 0x3ff));
  if (u >= 0x47800000) return uint16_t(sign | 0x7c00);
  if (u < 0x38800000)  // subnormal: the sum with 0.5 has exactly its last bit, 2^-24
    return uint16_t(sign | (std::bit_cast<uint32_t>(std::bit_cast<float>(u) + 0.5f) - 0x3f000000));
  u += 0xfff + (u >> 13 & 1);
  return uint16_t(sign | (u - 0x38000000) >> 13);
}

}  // namespace fk::core
