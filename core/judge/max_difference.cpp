// SPDX-License-Identifier: Apache-2.0
#include "core/judge/max_difference.hpp"

#include <bit>
#include <cmath>
#include <cstring>

#include "core/base/dtype.hpp"
#include "core/judge/cases/numbers.hpp"

namespace fk::judge {
namespace {

float widen(float v) { return v; }
struct BFloat {
  uint16_t bits;
};
float widen(BFloat v) { return core::bf16_to_float(v.bits); }
struct Half {
  uint16_t bits;
};
float widen(Half v) { return core::f16_to_float(v.bits); }

// Blocks are looked at closely only when one of their differences is no number: that an infinity
// or NaN stands on both sides is rare.
template <class T>
double max_of(const uint8_t* a, const uint8_t* b, size_t count) {
  constexpr size_t kBlock = 1024;
  float largest = 0;
  for (size_t begin = 0; begin < count; begin += kBlock) {
    const size_t n = count - begin < kBlock ? count - begin : kBlock;
    T x[kBlock], y[kBlock];
    std::memcpy(x, a + begin * sizeof(T), n * sizeof(T));
    std::memcpy(y, b + begin * sizeof(T), n * sizeof(T));
    float most = 0, odd = 0;
    for (size_t i = 0; i < n; ++i) {
      const float d = std::fabs(widen(x[i]) - widen(y[i]));
      most = d > most ? d : most;
      odd += d - d;  // NaN as soon as one difference is no finite number
    }
    if (odd == 0) {
      largest = most > largest ? most : largest;
      continue;
    }
    for (size_t i = 0; i < n; ++i) {
      const float u = widen(x[i]), v = widen(y[i]);
      if ((std::isnan(u) && std::isnan(v)) || u == v) continue;
      const float d = std::fabs(u - v);
      if (!std::isfinite(d)) return INFINITY;
      largest = d > largest ? d : largest;
    }
  }
  return largest;
}

}  // namespace

double max_difference(const uint8_t* a, const uint8_t* b, size_t count, fk_dtype t) {
  if (std::memcmp(a, b, count * core::dtype_bytes(t)) == 0) return 0;
  if (t.code == FK_BFLOAT) return max_of<BFloat>(a, b, count);
  if (t.code == FK_FLOAT && t.bits == 16) return max_of<Half>(a, b, count);
  if (t.code == FK_FLOAT && t.bits == 32) return max_of<float>(a, b, count);
  double largest = 0;
  const size_t e = core::dtype_bytes(t);
  for (size_t i = 0; i < count; ++i)
    largest = std::fmax(largest, std::fabs(cases::read(a + i * e, t) - cases::read(b + i * e, t)));
  return largest;
}

}  // namespace fk::judge
