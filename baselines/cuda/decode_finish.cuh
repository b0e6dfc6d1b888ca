// SPDX-License-Identifier: Apache-2.0
// How the warps of a decode kernel's CTA add up what each has seen, and a row of the result.
#pragma once
#include <cmath>

#include "decode_stream.cuh"
#include "fk/device/vec.cuh"

namespace fk::cuda::decode {

template <class T>
__device__ void store_row4(const PagedAttentionParams& p, const Place& at, int head, int element,
                           const float (&x)[4], float total) {
  const float by = total > 0 ? 1.f / total : 0.f;
  device::Vec<T, 4> y;
#pragma unroll
  for (int i = 0; i < 4; ++i) y[i] = device::from_float<T>(x[i] * by);
  T* out = static_cast<T*>(p.out) + at.row * p.out_row +
           int64_t(at.head * p.group + head) * p.out_head + element;
  device::store(out, y);
}

// Where a warp's sums lie among those of the block.
template <int D>
__device__ int warp_sums() {
  return int(threadIdx.x / 32) * kHeads * Layout<D>::kSumRow;
}

// A warp's results to shared memory, and the sum of the four, in their order.
template <int D, class Running>
__device__ void lay_down(const Running& running, float* sums, float (&maxima)[kWarps][kHeads],
                         float (&totals)[kWarps][kHeads]) {
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
#pragma unroll
  for (int i = 0; i < D / 16; ++i)
#pragma unroll
    for (int c = 0; c < 4; ++c)
      sums[(warp * kHeads + 2 * t + c % 2) * Layout<D>::kSumRow + i * 16 + g + c / 2 * 8] =
          running.sum[i][c];
  if (g == 0) {
    maxima[warp][2 * t] = running.largest[0], maxima[warp][2 * t + 1] = running.largest[1];
    totals[warp][2 * t] = running.total[0], totals[warp][2 * t + 1] = running.total[1];
  }
}
template <int D>
__device__ void add_warps(const float* sums, const float (&maxima)[kWarps][kHeads],
                          const float (&totals)[kWarps][kHeads], int head, int element,
                          float (&x)[4], float& total, float& top) {
  top = maxima[0][head];
  for (int v = 1; v < kWarps; ++v) top = fmaxf(top, maxima[v][head]);
  x[0] = x[1] = x[2] = x[3] = total = 0;
#pragma unroll
  for (int v = 0; v < kWarps; ++v) {
    const float weight = top == -INFINITY ? 0.f : exp2_fast(maxima[v][head] - top);
    const float4 y =
        *reinterpret_cast<const float4*>(sums + (v * kHeads + head) * Layout<D>::kSumRow + element);
    x[0] += weight * y.x, x[1] += weight * y.y, x[2] += weight * y.z, x[3] += weight * y.w;
    total += weight * totals[v][head];
  }
}

}  // namespace fk::cuda::decode
