// SPDX-License-Identifier: Apache-2.0
// Rows of any float type as doubles: what lets every task of the reference read as its definition.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

#include "fk/plugin.hpp"

namespace fk::reference {

// Storage types that C++20 has no name for. Loading is exact, storing rounds once to nearest even.
struct BFloat16 {
  uint16_t bits;
};
struct Float16 {
  uint16_t bits;
};

inline double widen(double v) { return v; }
inline double widen(float v) { return v; }
inline double widen(BFloat16 v) { return std::bit_cast<float>(uint32_t(v.bits) << 16); }
// Bit by bit: not every compiler has _Float16. The exponent moves from a bias of 15 to one of 127.
inline double widen(Float16 v) {
  const float moved = std::bit_cast<float>(uint32_t(v.bits & 0x7fff) << 13) * 0x1p112f;
  const double size = moved < 0x1p16f ? moved : v.bits & 1023 ? NAN : INFINITY;
  return v.bits >> 15 ? -size : size;
}

inline void narrow(double v, double& out) { out = v; }
inline void narrow(double v, float& out) { out = float(v); }
inline void narrow(double v, Float16& out) {
  const uint32_t sign = std::signbit(v) ? 0x8000 : 0;
  const double size = std::fabs(v);
  if (!(size < 65520)) {  // halfway between the largest half and the next, which there is not
    out.bits = uint16_t(sign | (std::isnan(v) ? 0x7e00 : 0x7c00));
    return;
  }
  // Below 2^-14 halves are evenly spaced.
  const int exponent = size < 0x1p-14 ? -14 : std::ilogb(size);
  const auto steps = uint32_t(std::nearbyint(std::ldexp(size, 10 - exponent)));
  // The implicit bit of a normal number adds one to its exponent, as does a carry.
  out.bits = uint16_t(sign | ((uint32_t(exponent + 14) << 10) + steps));
}
inline void narrow(double v, BFloat16& out) {
  uint32_t u = std::bit_cast<uint32_t>(float(v));
  if (std::isnan(v)) {
    out.bits = uint16_t((u >> 16) | 64);
    return;
  }
  // Going through float would round twice: make the float odd when it is inexact, so that no tie is
  // invented.
  if (double(float(v)) != v) u = (std::fabs(double(float(v))) > std::fabs(v) ? u - 1 : u) | 1;
  out.bits = uint16_t((u + 0x7fff + ((u >> 16) & 1)) >> 16);
}

// Calls f(T*) with the tensor's data as its storage type.
template <class F>
void with_type(Tensor t, F&& f) {
  const fk_dtype d = t.dtype();
  if (d == kFloat32)
    f(t.data<float>());
  else if (d == kFloat64)
    f(t.data<double>());
  else if (d == kBFloat16)
    f(t.data<BFloat16>());
  else if (d == kFloat16)
    f(t.data<Float16>());
  else
    throw Error(FK_UNSUPPORTED, "float tensor expected, found dtype code %d with %d bits", d.code,
                d.bits);
}

// out[0..count) = the elements from `offset` on.
inline void load(Tensor t, int64_t offset, int64_t count, double* out) {
  with_type(t, [&](const auto* p) {
    for (int64_t i = 0; i < count; ++i) out[i] = widen(p[offset + i]);
  });
}
inline void store(Tensor t, int64_t offset, int64_t count, const double* in) {
  with_type(t, [&](auto* p) {
    for (int64_t i = 0; i < count; ++i) narrow(in[i], p[offset + i]);
  });
}

// Offset of row `r`, counting all dimensions but the last as rows, whatever their strides.
inline int64_t row_offset(Tensor t, int64_t r) {
  int64_t offset = 0;
  for (int d = t.dim() - 2; d >= 0; --d) {
    offset += r % t.size(d) * t.stride(d);
    r /= t.size(d);
  }
  return offset;
}
inline void load_row(Tensor t, int64_t r, double* out) {
  load(t, row_offset(t, r), t.size(-1), out);
}
inline void store_row(Tensor t, int64_t r, const double* in) {
  store(t, row_offset(t, r), t.size(-1), in);
}

}  // namespace fk::reference
