// SPDX-License-Identifier: Apache-2.0
// norm_rows_kernel for many rows, by as many blocks as fit: a block goes from row to row, keeps the
// weight in registers and has the next row on its way while it sums and writes this one, so that
// loads are always in flight and no block has to be started for a row. Only in bench_gpu_pointwise
// so far.
#pragma once
#include "norm_rows.cuh"

namespace fk::cuda {

template <class To, class From>
__device__ inline Pack<To> widened(const Pack<From>& from) {
  if constexpr (std::is_same_v<To, From>) return from;
  Pack<To> to;
#pragma unroll
  for (int i = 0; i < 8; ++i) to.set(i, from.get(i));
  return to;
}

// d is at most kChunks * 8 * kThreads, and a multiple of 8. kResidual: whether there is one.
template <class Norm, class X, class R, class Y, int kChunks, bool kResidual, int kThreads,
          int kBlocks>
__global__ void __launch_bounds__(kThreads, kBlocks) norm_stream_kernel(NormArgs<X, R, Y> a) {
  using V = Wider<X, R>;
  // In turn: a warp may write the sums of a row while another still reads those of the row before.
  __shared__ float shared[2][2][32];
  const auto at = [](int c) { return int(threadIdx.x + c * kThreads) * 8; };
  Pack<Y> weight[kChunks];
#pragma unroll
  for (int c = 0; c < kChunks; ++c)
    if (at(c) < a.d && a.weight) weight[c].read(a.weight + at(c));
  device::wait_for_previous();
  device::launch_next();
  Pack<X> x[kChunks];
  Pack<R> added[kChunks];
  const auto fetch = [&](uint32_t row) {
#pragma unroll
    for (int c = 0; c < kChunks; ++c) {
      if (at(c) >= a.d) continue;
      x[c].read(a.x + a.x_rows(row) + at(c));
      if constexpr (kResidual) added[c].read(a.residual + a.residual_rows(row) + at(c));
    }
  };
  if (blockIdx.x < a.rows) fetch(blockIdx.x);
  int turn = 0;
  for (uint32_t row = blockIdx.x; row < a.rows; row += gridDim.x, turn ^= 1) {
    Pack<V> v[kChunks];
#pragma unroll
    for (int c = 0; c < kChunks; ++c) {
      if (at(c) >= a.d) continue;
      forget(x[c]);
      if constexpr (kResidual) forget(added[c]);
      v[c] = widened<V>(x[c]);
      if constexpr (kResidual) {
        Pack<R> sum;
#pragma unroll
        for (int i = 0; i < 8; ++i) sum.set(i, v[c].get(i) + added[c].get(i));
        forget(sum);
        sum.write(a.residual + a.residual_rows(row) + at(c));
        v[c] = widened<V>(sum);
      }
      forget(v[c]);
    }
#pragma unroll
    for (int c = 0; c < kChunks; ++c) forget(weight[c]);
    if (row + gridDim.x < a.rows) fetch(row + gridDim.x);
    float mean = 0, squares = 0;
    if constexpr (Norm::kCentered) {
#pragma unroll
      for (int c = 0; c < kChunks; ++c)
        if (at(c) < a.d)
#pragma unroll
          for (int i = 0; i < 8; ++i) mean += v[c].get(i);
      mean = row_sum(mean, shared[turn][0]) / float(a.d);
    }
#pragma unroll
    for (int c = 0; c < kChunks; ++c)
      if (at(c) < a.d)
#pragma unroll
        for (int i = 0; i < 8; ++i) {
          const float centred = Norm::kCentered ? v[c].get(i) - mean : v[c].get(i);
          squares = fmaf(centred, centred, squares);
        }
#pragma unroll
    for (int c = 0; c < kChunks; ++c) forget(v[c]);
    const float scale = Norm::scale(row_sum(squares, shared[turn][1]), a.d, a.eps);
    Y* y = a.y + a.y_rows(row);
#pragma unroll
    for (int c = 0; c < kChunks; ++c) {
      if (at(c) >= a.d) continue;
      Pack<Y> bias, out;
      if (a.bias) bias.read(a.bias + at(c));
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        float r = (Norm::kCentered ? v[c].get(i) - mean : v[c].get(i)) * scale;
        if (a.weight) r *= weight[c].get(i);
        if (a.bias) r += bias.get(i);
        out.set(i, r);
      }
      out.write(y + at(c));
    }
  }
}

template <class Norm, int kChunks, bool kResidual, int kThreads, int kBlocks, class X, class R,
          class Y>
void launch_norm_stream(const NormArgs<X, R, Y>& a, int multiprocessors, cudaStream_t stream) {
  const uint32_t most = uint32_t(multiprocessors * kBlocks);
  launch(norm_stream_kernel<Norm, X, R, Y, kChunks, kResidual, kThreads, kBlocks>,
         dim3(a.rows < most ? a.rows : most), dim3(kThreads), 0, stream, true, a);
}

}  // namespace fk::cuda
