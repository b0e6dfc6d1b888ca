// SPDX-License-Identifier: Apache-2.0
// Sums and maxima over a warp or a block, in a fixed order: the same input gives the same bits.
#pragma once
#include <cuda_runtime.h>

namespace fk::device {

struct Sum {
  __device__ float operator()(float a, float b) const { return a + b; }
  static constexpr float identity = 0.f;
};
struct Max {
  __device__ float operator()(float a, float b) const { return fmaxf(a, b); }
  static constexpr float identity = -__builtin_huge_valf();
};

// Every lane gets the result. `Width` lanes (a power of two) reduce together.
template <class Op, int Width = 32>
__device__ inline float warp_reduce(float x) {
#pragma unroll
  for (int o = Width / 2; o > 0; o /= 2) x = Op{}(x, __shfl_xor_sync(0xffffffffu, x, o));
  return x;
}

// Every thread of a block of `Threads` (a multiple of 32) gets the result. Two barriers; `shared`
// holds Threads / 32 floats and may be used again after the next barrier of the caller.
template <class Op, int Threads>
__device__ inline float block_reduce(float x, float* shared) {
  constexpr int kWarps = Threads / 32;
  x = warp_reduce<Op>(x);
  if constexpr (kWarps == 1) return x;
  __syncthreads();
  if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = x;
  __syncthreads();
  x = shared[0];
#pragma unroll
  for (int w = 1; w < kWarps; ++w) x = Op{}(x, shared[w]);
  return x;
}

}  // namespace fk::device
