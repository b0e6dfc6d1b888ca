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
inline bool same(fk_dtype a, fk_dtype b) { return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes; }

inline float bf16_to_float(uint16_t h) { return std::bit_cast<float>(uint32_t(h) << 16); }
inline uint16_t float_to_bf16(float f) {  // round to nearest even; NaN stays NaN
  uint32_t u = std::bit_cast<uint32_t>(f);
  if ((u & 0x7fffffff) > 0x7f800000) return uint16_t((u >> 16) | 64);
  return uint16_t((u + 0x7fff + ((u >> 16) & 1)) >> 16);
}
inline float f16_to_float(uint16_t h) { _Float16 v; std::memcpy(&v, &h, 2); return float(v); }
inline uint16_t float_to_f16(float f) { _Float16 v = _Float16(f); uint16_t h; std::memcpy(&h, &v, 2); return h; }

}  // namespace fk::core
