// SPDX-License-Identifier: Apache-2.0
// What the sampling kernels are made of: reading rows, keys in the order of logits, masses as
// fixed-point integers (sums of which are exact, so that no order of additions changes a draw).
#pragma once
#include "fk/device/vec.cuh"

namespace fk::cuda::sampling {

inline constexpr int kThreads = 512;
inline constexpr int kBins = 2048;
inline constexpr int kList = 4096;
inline constexpr float kBits = 46.f;  // what is 2^46 less likely than the first is never drawn
inline constexpr uint64_t kOne = uint64_t{1} << 44;  // the mass of the most likely token
inline constexpr int64_t kMaxVocab = 1 << 19;        // kOne times that fits 64 bits

// A NaN is never drawn while there is anything else; -0 equals 0.
__device__ inline float value(float logit) { return logit != logit ? -INFINITY : logit + 0.f; }

__device__ inline uint32_t rising_key(float v) {
  const uint32_t u = __float_as_uint(v);
  return u & 0x80000000u ? ~u : u | 0x80000000u;
}
__device__ inline float from_rising_key(uint32_t key) {
  return __uint_as_float(key & 0x80000000u ? key & 0x7fffffffu : ~key);
}
// Sorts by falling logit, then by rising id.
__device__ inline uint64_t ranked(float v, uint32_t id) {
  return uint64_t(~rising_key(v)) << 32 | id;
}
__device__ inline float value_of(uint64_t ranked) {
  return from_rising_key(~uint32_t(ranked >> 32));
}

// f(logit, id) for units [first, last) of kN logits that are `first + thread + i * threads`, then
// for what follows the last whole unit when `tail`. A thread sees rising ids.
template <int kN, class F>
__device__ inline void for_logits(const float* row, uint32_t vocab, uint32_t first, uint32_t last,
                                  uint32_t thread, uint32_t threads, bool tail, const F& f) {
  constexpr int kUnroll = 4;
  for (uint32_t u = first + thread; u < last; u += kUnroll * threads) {
    device::Vec<float, kN> x[kUnroll];
#pragma unroll
    for (int j = 0; j < kUnroll; ++j)
      if (u + j * threads < last) x[j] = device::load<kN>(row + (u + j * threads) * kN);
#pragma unroll
    for (int j = 0; j < kUnroll; ++j)
      if (u + j * threads < last)
#pragma unroll
        for (int i = 0; i < kN; ++i) f(value(x[j][i]), (u + j * threads) * kN + i);
  }
  if (tail)
    for (uint32_t i = vocab / kN * kN + thread; i < vocab; i += threads) f(value(row[i]), i);
}

__device__ inline uint32_t philox4x32_10(uint64_t key, uint64_t counter) {
  uint32_t c[4] = {uint32_t(counter), uint32_t(counter >> 32), 0, 0};
  uint32_t k[2] = {uint32_t(key), uint32_t(key >> 32)};
#pragma unroll
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t(0xD2511F53u) * c[0], b = uint64_t(0xCD9E8D57u) * c[2];
    const uint32_t next[4] = {uint32_t(b >> 32) ^ c[1] ^ k[0], uint32_t(b),
                              uint32_t(a >> 32) ^ c[3] ^ k[1], uint32_t(a)};
#pragma unroll
    for (int i = 0; i < 4; ++i) c[i] = next[i];
    k[0] += 0x9E3779B9u;
    k[1] += 0xBB67AE85u;
  }
  return c[0];
}

// One row's way from logits to masses and to bins of a histogram, falling in probability.
struct Scale {
  float top, bits, bits_low, bins, min_p;  // bits + bits_low: log2(e) / temperature

  __device__ Scale(float largest, float smallest, float temperature, float least)
      : top(largest), min_p(least) {
    const double exact = 1.4426950408889634 / double(temperature);
    bits = float(exact);
    bits_low = float(exact - double(bits));
    const float span = fminf((top - smallest) * bits, kBits);
    bins = span > 0 ? bits * (kBins * 0.9999f) / span : 0.f;
  }
  // exp((v - top) / temperature) in units of 1 / kOne; 0 for what cannot be drawn. The rounding
  // errors of the difference and of the product are carried along: large arguments stay exact.
  __device__ uint64_t mass(float v) const {
    if (v == top) return kOne;
    const float d = v - top, a = d * bits;
    if (!(a > -kBits)) return 0;
    const float back = d - v, lost = (v - (d - back)) - (top + back);
    const float rest = fmaf(d, bits, -a) + fmaf(d, bits_low, lost * bits);
    float p = exp2f(a);
    p = fminf(fmaf(p, rest * 0.6931472f, p), 1.f);
    return p < min_p ? 0 : __float2ull_rn(p * float(kOne));
  }
  __device__ int bin(float v) const {
    return v == top ? 0 : min(__float2int_rz((top - v) * bins), kBins - 1);
  }
};

// Sums of 64-bit masses (and counts) by bin, out of native 32-bit atomics: the carry out of the low
// word is seen by exactly the addition that caused it.
struct Histogram {
  uint32_t low[kBins], high[kBins], count[kBins];

  __device__ void clear() {
    for (int b = threadIdx.x; b < kBins; b += kThreads) low[b] = high[b] = count[b] = 0;
  }
  __device__ void add(int b, uint64_t mass, bool counted) {
    const uint32_t part = uint32_t(mass), old = atomicAdd(&low[b], part);
    const uint32_t up = uint32_t(mass >> 32) + (old + part < old);
    if (up) atomicAdd(&high[b], up);
    if (counted) atomicAdd(&count[b], 1u);
  }
  __device__ uint64_t mass(int b) const { return uint64_t(high[b]) << 32 | low[b]; }
};

// The sum of the values of all threads before this one, and of all in `total`. `shared` holds
// kThreads / 32 values.
template <class T>
__device__ inline T scan_before(T x, T* shared, T& total) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  T sum = x;
#pragma unroll
  for (int o = 1; o < 32; o *= 2) {
    const T other = __shfl_up_sync(0xffffffffu, sum, o);
    if (lane >= o) sum += other;
  }
  __syncthreads();
  if (lane == 31) shared[warp] = sum;
  __syncthreads();
  T before = 0;
  total = 0;
  for (int w = 0; w < kThreads / 32; ++w) {
    if (w == warp) before = total;
    total += shared[w];
  }
  return before + sum - x;
}

}  // namespace fk::cuda::sampling
