// SPDX-License-Identifier: Apache-2.0
// The part of the kernel table that RWKV-7 needs beside the common ones. Plain pointers, no
// threads, no allocation.
#pragma once
#include <cstdint>

#include "simd/types.hpp"

namespace fkcpu {

// The WKV-7 recurrence of one head over `tokens` tokens; token t of an operand lies t * stride[i]
// elements on.
struct Wkv7Args {
  const void *r, *w, *k, *v, *kk, *a;
  void* out;
  int64_t stride[7];     // of r, w, k, v, kk, a, out
  int64_t tokens, dim;   // dim <= kMaxWkvDim
  float* state;          // [dim keys][dim values], read and written
  int64_t state_stride;  // floats from one key's row to the next
};
constexpr int kMaxWkvDim = 256;

// Elementwise over n values; y may be the first operand.
struct Rwkv7Kernels {
  void (*sigmoid[kTypes])(const void* x, void* y, int64_t n, float scale);
  void (*tanh[kTypes])(const void* x, void* y, int64_t n);
  void (*squared_relu[kTypes])(const void* x, void* y, int64_t n);
  void (*sub[kTypes])(const void* a, const void* b, void* y, int64_t n);
  void (*mul[kTypes])(const void* a, const void* b, void* y, int64_t n);
  void (*lerp[kTypes])(const void* x, const void* end, const void* weight, void* y, int64_t n);
  void (*addcmul[kTypes])(const void* x, const void* delta, const void* mix, void* y, int64_t n);
  void (*fused_k[kTypes])(const void* k, const void* a, const void* k_a, void* y, int64_t n);
  // y = (o + sum(r * k * r_k) * v) * g over one head
  void (*correct[kTypes])(const void* o, const void* r, const void* k, const void* r_k,
                          const void* v, const void* g, void* y, int64_t n);
  void (*wkv7[kTypes])(const Wkv7Args&);
};

}  // namespace fkcpu
