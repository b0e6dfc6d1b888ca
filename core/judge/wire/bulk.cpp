// SPDX-License-Identifier: Apache-2.0
#include "core/judge/wire/bulk.hpp"

#include <bit>
#include <cmath>
#include <cstring>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/judge/wire/cuda/cuda_bulk.hpp"

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

// Float64 and whole numbers: ids and the like, too few to be made fast.
template <class T>
double max_of_others(const uint8_t* a, const uint8_t* b, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; ++i) {
    T x, y;
    std::memcpy(&x, a + i * sizeof(T), sizeof(T));
    std::memcpy(&y, b + i * sizeof(T), sizeof(T));
    const double u = double(x), v = double(y);
    if ((std::isnan(u) && std::isnan(v)) || u == v) continue;
    const double d = std::fabs(u - v);
    if (!std::isfinite(d)) return INFINITY;
    largest = std::fmax(largest, d);
  }
  return largest;
}

double max_difference(const Bulk::Pair& p) {
  const auto& [a, b, count, t] = p;
  if (std::memcmp(a, b, count * core::dtype_bytes(t)) == 0) return 0;
  if (t.code == FK_BFLOAT) return max_of<BFloat>(a, b, count);
  if (t.code == FK_FLOAT && t.bits == 16) return max_of<Half>(a, b, count);
  if (t.code == FK_FLOAT && t.bits == 32) return max_of<float>(a, b, count);
  if (t.code == FK_FLOAT) return max_of_others<double>(a, b, count);
  const bool is_signed = t.code == FK_INT;
  switch (t.bits) {
    case 64:
      return is_signed ? max_of_others<int64_t>(a, b, count) : max_of_others<uint64_t>(a, b, count);
    case 32:
      return is_signed ? max_of_others<int32_t>(a, b, count) : max_of_others<uint32_t>(a, b, count);
    case 16:
      return is_signed ? max_of_others<int16_t>(a, b, count) : max_of_others<uint16_t>(a, b, count);
    default:
      return is_signed ? max_of_others<int8_t>(a, b, count) : max_of_others<uint8_t>(a, b, count);
  }
}

class HostBulk : public Bulk {
 public:
  void copy(std::span<const Copy> all) override {
    for (const Copy& c : all)
      if (c.from)
        std::memcpy(c.to, c.from, c.bytes);
      else
        std::memset(c.to, 0xff, c.bytes);
  }
  std::vector<double> differences(std::span<const Pair> all) override {
    std::vector<double> out;
    for (const Pair& p : all) out.push_back(max_difference(p));
    return out;
  }
};

}  // namespace

std::unique_ptr<Bulk> Bulk::open(fk_device device) {
  if (device.type == FK_CPU) return std::make_unique<HostBulk>();
#ifdef FK_HAVE_CUDA
  return open_cuda_bulk(device.index);
#else
  core::missing("cuda:{}: this build has no CUDA device", device.index);
#endif
}

}  // namespace fk::judge
