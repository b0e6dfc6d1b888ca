// SPDX-License-Identifier: Apache-2.0
// Normalisation over the last axis: a row lies in the registers of a block (or of a warp, when it
// is short) between the pass that sums and the pass that scales, so memory is read and written
// once. The weight does not depend on earlier kernels: its load overlaps their end.
#pragma once
#include "fk/device/pdl.cuh"
#include "fk/device/reduce.cuh"
#include "row_map.cuh"

namespace fk::cuda {

// What y is, given the mean of squares (or their sum) of the centred row.
struct Rms {
  static constexpr bool kCentered = false;
  __device__ static float scale(float squares, int64_t d, float eps) {
    return rsqrtf(squares / float(d) + eps);
  }
};
struct Layer {
  static constexpr bool kCentered = true;
  __device__ static float scale(float squares, int64_t d, float eps) {
    return rsqrtf(squares / float(d) + eps);
  }
};
struct L2 {
  static constexpr bool kCentered = false;
  __device__ static float scale(float squares, int64_t, float eps) {
    return 1.f / fmaxf(sqrtf(squares), eps);
  }
};

template <class X, class R, class Y>
struct NormArgs {
  const X* x;
  R* residual;  // NULL: none
  Y* y;
  const Y *weight, *bias;  // NULL: ones, zeros
  RowMap x_rows, residual_rows, y_rows;
  uint32_t rows;
  int32_t d;
  float eps;
};

// Of few rows, the kernel after this one may start at once: a product then fetches its weights
// while the kernel before this one still ends. Of more it would take room from the library's
// products. One H200, Llama-3.1-8B, ms a step of 1 and of 32 sequences: 4.03 · 5.47 so, 4.14 · 5.41
// if the next one waits for the end of the one before as well.
constexpr uint32_t kEarlyRows = 8;
__device__ inline void begin(uint32_t rows) {
  if (rows <= kEarlyRows) device::launch_next();
  device::wait_for_previous();
  device::launch_next();
}

// The sum over a row's threads: threadIdx.x, a whole number of warps.
__device__ inline float row_sum(float v, float* shared) {
  v = device::warp_reduce<device::Sum>(v);
  if (blockDim.x == 32) return v;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, warps = blockDim.x / 32;
  if (lane == 0) shared[warp] = v;
  __syncthreads();
  return device::warp_reduce<device::Sum>(lane < warps ? shared[lane] : 0.f);
}

// Holds every value of both.
template <class X, class R>
using Wider = std::conditional_t<(sizeof(R) > sizeof(X)), R, X>;

// Makes the compiler forget the floats that it took out of a pack: taking them out again costs less
// than registers for both.
template <class T>
__device__ inline void forget(Pack<T>& pack) {
#pragma unroll
  for (auto& part : pack.part) {
    uint4 words = *reinterpret_cast<uint4*>(&part);
    asm volatile("" : "+r"(words.x), "+r"(words.y), "+r"(words.z), "+r"(words.w));
    part = *reinterpret_cast<decltype(&part)>(&words);
  }
}

// The most threads a block has: a row has at most 2048 chunks.
constexpr int norm_threads(int chunks_each) { return chunks_each == 1 ? 1024 : 2048 / chunks_each; }

// kPacked: rows stay packed in registers between the passes; kBlocks: blocks of kThreads that are
// to fit on a multiprocessor.
template <class Norm, class X, class R, class Y, int kChunks, bool kPacked = false,
          int kThreads = norm_threads(kChunks), int kBlocks = 1>
__global__ void __launch_bounds__(kThreads, kBlocks) norm_rows_kernel(NormArgs<X, R, Y> a) {
  using V = Wider<X, R>;
  __shared__ float shared[2][32];
  const uint32_t row = blockIdx.x * blockDim.y + threadIdx.y;
  const auto at = [](int c) { return int(threadIdx.x + c * blockDim.x) * 8; };
  Pack<Y> weight[kChunks];
#pragma unroll
  for (int c = 0; c < kChunks; ++c)
    if (at(c) < a.d && a.weight) weight[c].read(a.weight + at(c));
  begin(a.rows);
  if (row >= a.rows) return;  // whole warps: blockDim.y > 1 only where a row is one warp
  const X* x = a.x + a.x_rows(row);
  Pack<V> v[kChunks];
#pragma unroll
  for (int c = 0; c < kChunks; ++c)
    if (at(c) < a.d) v[c].read_as(x + at(c));
  if (a.residual) {
    R* residual = a.residual + a.residual_rows(row);
    Pack<R> sum[kChunks];
#pragma unroll
    for (int c = 0; c < kChunks; ++c)
      if (at(c) < a.d) sum[c].read(residual + at(c));
#pragma unroll
    for (int c = 0; c < kChunks; ++c) {
      if (at(c) >= a.d) continue;
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        sum[c].set(i, v[c].get(i) + sum[c].get(i));
        v[c].set(i, sum[c].get(i));  // exact: V holds every R
      }
      sum[c].write(residual + at(c));
      if constexpr (kPacked) forget(v[c]);
    }
  }
  float mean = 0, squares = 0;
  if constexpr (Norm::kCentered) {
#pragma unroll
    for (int c = 0; c < kChunks; ++c)
      if (at(c) < a.d)
#pragma unroll
        for (int i = 0; i < 8; ++i) mean += v[c].get(i);
    mean = row_sum(mean, shared[0]) / float(a.d);
  }
#pragma unroll
  for (int c = 0; c < kChunks; ++c)
    if (at(c) < a.d)
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        const float x = Norm::kCentered ? v[c].get(i) - mean : v[c].get(i);
        squares = fmaf(x, x, squares);
      }
  if constexpr (kPacked) {
#pragma unroll
    for (int c = 0; c < kChunks; ++c) forget(v[c]), forget(weight[c]);
  }
  const float scale = Norm::scale(row_sum(squares, shared[1]), a.d, a.eps);
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

// Any alignment, any length: reads the row again for each pass. y may be x: an element is read and
// written by the same thread.
template <class Norm, class X, class R, class Y>
__global__ void __launch_bounds__(256) norm_any_kernel(NormArgs<X, R, Y> a) {
  __shared__ float shared[2][32];
  begin(a.rows);
  const X* x = a.x + a.x_rows(blockIdx.x);
  R* residual = a.residual ? a.residual + a.residual_rows(blockIdx.x) : nullptr;
  const auto value = [&](int i) {
    return residual ? device::to_float(residual[i]) : device::to_float(x[i]);
  };
  if (residual)
    for (int i = threadIdx.x; i < a.d; i += 256)
      residual[i] = device::from_float<R>(device::to_float(x[i]) + device::to_float(residual[i]));
  float mean = 0, squares = 0;
  if constexpr (Norm::kCentered) {
    for (int i = threadIdx.x; i < a.d; i += 256) mean += value(i);
    mean = row_sum(mean, shared[0]) / float(a.d);
  }
  for (int i = threadIdx.x; i < a.d; i += 256) {
    const float v = value(i) - mean;
    squares = fmaf(v, v, squares);
  }
  const float scale = Norm::scale(row_sum(squares, shared[1]), a.d, a.eps);
  Y* y = a.y + a.y_rows(blockIdx.x);
  for (int i = threadIdx.x; i < a.d; i += 256) {
    float r = (value(i) - mean) * scale;
    if (a.weight) r *= device::to_float(a.weight[i]);
    if (a.bias) r += device::to_float(a.bias[i]);
    y[i] = device::from_float<Y>(r);
  }
}

// kChunks times eight elements a thread; several rows a block when a row is one warp's. The
// kernel's other parameters as they are there.
template <int kChunks, class Norm, bool kPacked = false, int kThreads = norm_threads(kChunks),
          int kBlocks = 1, class X, class R, class Y>
void launch_norm_chunks(const NormArgs<X, R, Y>& a, cudaStream_t stream) {
  const int threads = ((a.d / 8 + kChunks - 1) / kChunks + 31) / 32 * 32;
  const int together = threads > 32 ? 1 : 4;
  const dim3 grid((a.rows + together - 1) / together), block(threads, together);
  launch(norm_rows_kernel<Norm, X, R, Y, kChunks, kPacked, kThreads, kBlocks>, grid, block, 0,
         stream, true, a);
}

// `vectors`: every pointer and row is 16-byte aligned and d a multiple of 8. Few rows take as many
// threads as there are elements for; many rows take fewer threads with more loads in flight each.
template <class Norm, class X, class R, class Y>
void launch_norm_rows(const NormArgs<X, R, Y>& a, bool vectors, cudaStream_t stream) {
  if (!a.rows) return;
  const int chunks = a.d / 8;
  if (!vectors || chunks > 2048)
    return launch(norm_any_kernel<Norm, X, R, Y>, dim3(a.rows), dim3(256), 0, stream, true, a);
  if (chunks <= 32 || (a.rows <= 264 && chunks <= 1024))
    return launch_norm_chunks<1, Norm>(a, stream);
  // One H200, 8192 x 4096: six packed blocks a multiprocessor take 35.5 us where four unpacked ones
  // took 40.2 (a copy 33.0); with a residual 69.4 and 71.3 (64.7).
  if constexpr (sizeof(Wider<X, R>) == 2)
    if (chunks <= 512) return launch_norm_chunks<2, Norm, true, 256, 6>(a, stream);
  launch_norm_chunks<2, Norm>(a, stream);
}

// Checks the tensors and launches for their types. `weight` and `bias` may be missing; they and y
// have one dtype, x and residual that one or float32.
template <class Norm>
void normalize(const char* task, const Run& run, const fk_tensor* x, const fk_tensor* residual,
               const fk_tensor* y, const fk_tensor* weight, const fk_tensor* bias, int64_t d,
               double eps) {
  require_present(task, "x", x);
  FK_REQUIRE(x->ndim >= 1 && x->shape[x->ndim - 1] == d, "%s: x is %s, want [..., %" PRId64 "]",
             task, reference::ShapeText(x->shape, x->ndim).text, d);
  require_same_shape(task, "x", x, x);
  require_same_shape(task, "y", y, x);
  if (residual) require_same_shape(task, "residual", residual, x);
  for (const fk_tensor* t : {weight, bias})
    if (t) require_dtype(task, "a param", t, y->dtype);
  const bool vectors = packs(x) && packs(residual) && packs(y) && packs(weight) && packs(bias);
  const auto data = [](const fk_tensor* t) { return t ? t->data : nullptr; };
  const auto wide = [&](const char* name, const fk_tensor* t, auto narrow, const auto& f) {
    if (!t || t->dtype == y->dtype) return f(narrow);
    require_dtype(task, name, t, kFloat32);
    f(float());
  };
  with_type(task, "y", y->dtype, [&](auto ty) {
    wide("x", x, ty, [&](auto tx) {
      wide("residual", residual, ty, [&](auto tr) {
        using X = decltype(tx);
        using R = decltype(tr);
        using Y = decltype(ty);
        NormArgs<X, R, Y> a{};
        a.x = static_cast<const X*>(x->data);
        a.residual = static_cast<R*>(data(residual));
        a.y = static_cast<Y*>(y->data);
        a.weight = static_cast<const Y*>(data(weight));
        a.bias = static_cast<const Y*>(data(bias));
        a.x_rows = row_map(task, "x", x);
        a.y_rows = row_map(task, "y", y);
        if (residual) a.residual_rows = row_map(task, "residual", residual);
        a.rows = uint32_t(rows_of(task, x));
        a.d = int32_t(d);
        a.eps = float(eps);
        launch_norm_rows<Norm>(a, vectors, stream_of(run));
      });
    });
  });
}

}  // namespace fk::cuda
