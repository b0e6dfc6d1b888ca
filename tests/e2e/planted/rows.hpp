// SPDX-License-Identifier: Apache-2.0
// What the planted candidates share: float32 alone, plain weights.
#pragma once
#include <cmath>

#include "fk/plugin.hpp"

namespace fk::planted {

inline bool is_float32(fk_dtype t) { return t.code == FK_FLOAT && t.bits == 32; }

// Many sums at once: much faster than the reference, which has one.
inline float fast_dot(const float* a, const float* b, int64_t n) {
  constexpr int kLanes = 32;
  float sums[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int k = 0; k < kLanes; ++k) sums[k] += a[i + k] * b[i + k];
  // Where a single output of few terms cancels, one rounding of a term is more than what is
  // allowed.
  double sum = 0;
  for (; i < n; ++i) sum += double(a[i]) * b[i];
  for (float s : sums) sum += s;
  return float(sum);
}

// Two sums: faster than the reference's one, and slower than the above.
inline float fair_dot(const float* a, const float* b, int64_t n) {
  volatile double even = 0, odd = 0;  // which keeps a compiler from making it the above
  int64_t i = 0;
  double x = 0, y = 0;
  for (; i + 2 <= n; i += 2) { x += double(a[i]) * b[i], y += double(a[i + 1]) * b[i + 1]; }
  if (i < n) x += double(a[i]) * b[i];
  even = x, odd = y;
  return float(even + odd);
}

inline float silu(float x) { return x / (1 + std::exp(-x)); }

inline const float* row(const Tensor& t, int64_t r) { return t.data<float>() + r * t.stride(0); }

}  // namespace fk::planted
