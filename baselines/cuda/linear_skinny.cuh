// SPDX-License-Identifier: Apache-2.0
// Idea: 9 to 64 rows of x, where reading w is still all that counts, but re-reading x for every 16
// rows of w would take more out of L2 than w does.
// - A block computes 128 rows of w for all tokens, so x is read once for 128 rows. wgmma has the
//   weights as its 64 rows and the tokens as its columns, both in shared memory: two warpgroups do
//   nothing but wait for stages.
// - Or 112 rows, where that leaves fewer places on the multiprocessors empty: what lies behind a
//   tile's rows in shared memory gives sums that nobody stores. The same goes for x: a box of it is
//   as many rows as there are, since rows beyond x load at half the speed.
// - Weights do not depend on the kernel before: a producer thread fills a ring of up to 220 KB by
//   the tensor memory accelerator before wait_for_previous().
// - Where there are few tiles, a cluster of blocks splits k and adds its sums through distributed
//   shared memory, in the order of their ranks: the same input gives the same bits. Filling only
//   half of the multiprocessors is no slower than filling all: the other half is where the next
//   kernel's blocks fetch early.
// - Gated: a box of the tensor map is 8 gate rows, 8 up rows, 8 gate rows ..., so that one thread's
//   accumulators hold a gate and its up, and silu(gate) * up costs nothing.
//
// One H200, bfloat16, us a product with a tiny kernel before each (bench_gpu_linear, "spaced"), for
// (n, k) = (6144, 4096) · (4096, 4096) · (28672, 4096) gated · (4096, 14336) · (128256, 4096):
//   1 row
//     cuBLASLt, the best of 32                                   15.7 · 12.8 · 55.8 · 32.3 · 237
//     mma.sync, x from L1 (now linear_gemv.cuh)                  13.7 · 10.4 · 58.9 · 29.7 · 264
//     wgmma, equal runs of (tile, chunk) a block, the last to
//       finish a tile adds its parts                             17.4 · 14.7 · 58.9 · 33.0 · 250
//     wgmma, clusters split k, about 128 blocks or more          14.8 · 11.4 · 60.0 · 43.0 · 243
//   32 rows
//     cuBLASLt, the best of 32                                   16.8 · 13.7 · 58.7 · 33.4 · 249
//     mma.sync, x from L1                                        25.5 · 25.1 · 88.7 · 78.3 · 346
//     wgmma, equal runs                                          18.5 · 15.7 · 66.7 · 37.0 · 260
//     wgmma, clusters split k, about 128 blocks or more          15.8 · 12.6 · 58.9 · 35.2 · 247
//     64 blocks or more with twice the ring                      15.9 · 12.3 · 58.9 · 34.3 · 247
//     tiles of 112 rows for 28672, boxes of x's own size                     57.9
//   Back to back tiles of 112 take 56.2 where those of 128 take 60.4 (40 rows: 57.4 and 62.2).
// What it took beside the kernel: the pointwise kernels in between must leave the multiprocessor's
// split of L1 and shared memory alone (fk::launch), or the early blocks find no room: 23.9 instead
// of 17.4 for the first of the wgmma rows.
#pragma once
#include <cooperative_groups.h>

#include "fk/cuda.hpp"
#include "fk/device/pdl.cuh"
#include "fk/device/tma.cuh"
#include "fk/device/vec.cuh"
#include "fk/device/wgmma.cuh"
#include "linear_gemv.cuh"
#include "linear_skinny.hpp"

namespace fk::cuda {
namespace skinny {

using device::Barrier;

constexpr int kGroups = 2;                    // warpgroups that multiply, 64 rows each
constexpr int kThreads = 128 * kGroups + 32;  // and a producer
constexpr int kMostStages = 16;
// A multiprocessor has 228 KB for one block or two, and keeps 1 KB of each block for itself.
constexpr int kHalf = 112 * 1024, kWhole = 224 * 1024;

struct Params {
  const void* bias;
  void* y;
  int64_t ldy;
  int m, outputs, rows, chunks, stages;
  bool y_float;

  // Bytes of a stage: w's rows, then x's, filled up to 8.
  __host__ __device__ int stage_w() const { return rows * 128; }
  __host__ __device__ int stage() const { return stage_w() + (m + 7) / 8 * 8 * 128; }
};
// How many fit, the first one aligned, and the last one with all that wgmma reads.
template <int Tokens>
int count_stages(const Params& p, int shared) {
  const int read = std::max(64 * kGroups * 128, p.stage_w() + Tokens * 128);
  return std::min(kMostStages, (shared - 1024 - std::max(0, read - p.stage())) / p.stage());
}

template <bool Gated>
__device__ inline void load_weights(uint32_t to, const CUtensorMap& map, int rows, int tile,
                                    int chunk, Barrier done, uint64_t policy) {
  if constexpr (Gated)
    device::load_box(to, map, chunk * kSkinnyChunk, 0, 0, tile * (rows / 16), done, policy);
  else
    device::load_box(to, map, chunk * kSkinnyChunk, tile * rows, done, policy);
}
// One thread fills the ring with the chunks [begin, end) of a tile.
template <bool Gated>
__device__ inline void produce(const CUtensorMap& w, const CUtensorMap& x, const Params& p,
                               int tile, int begin, int end, uint32_t ring, uint64_t* full,
                               uint64_t* empty) {
  const uint64_t once = device::evict_first(), often = device::evict_last();
  const int filled = min(end - begin, p.stages);
  auto weights = [&](int chunk, int stage) {
    Barrier(full + stage).arrive_expecting(uint32_t(p.stage_w() + p.m * 128));
    load_weights<Gated>(ring + uint32_t(stage * p.stage()), w, p.rows, tile, chunk,
                        Barrier(full + stage), once);
  };
  auto tokens = [&](int chunk, int stage) {
    device::load_box(ring + uint32_t(stage * p.stage() + p.stage_w()), x, chunk * kSkinnyChunk, 0,
                     Barrier(full + stage), often);
  };
  for (int i = 0; i < filled; ++i) weights(begin + i, i);
  device::launch_next();
  device::wait_for_previous();
  for (int i = 0; i < filled; ++i) tokens(begin + i, i);
  int stage = 0;
  uint32_t parity = 0;  // of the phase in which a stage's first content was read
  for (int chunk = begin + filled; chunk < end; ++chunk) {
    Barrier(empty + stage).wait(parity);
    weights(chunk, stage);
    tokens(chunk, stage);
    if (++stage == p.stages) stage = 0, parity ^= 1;
  }
}

// d = the tile's sum over the chunks [begin, end).
template <class T, int Tokens>
__device__ inline void consume(float (&d)[Tokens / 2], const Params& p, int begin, int end,
                               uint32_t ring, uint64_t* full, uint64_t* empty) {
  const int group = int(threadIdx.x) / 128, lane = int(threadIdx.x) % 32;
#pragma unroll
  for (int j = 0; j < Tokens / 2; ++j) d[j] = 0;
  int stage = 0, held = -1;  // held: the stage whose product may still be running
  uint32_t parity = 0;
  for (int chunk = begin; chunk < end; ++chunk) {
    Barrier(full + stage).wait(parity);
    const uint32_t at = ring + uint32_t(stage * p.stage());
    const uint64_t a = device::wgmma_operand(at + uint32_t(group * 64 * 128));
    const uint64_t b = device::wgmma_operand(at + uint32_t(p.stage_w()));
    device::wgmma_pin(d);
    device::wgmma_fence();
#pragma unroll
    for (int i = 0; i < kSkinnyChunk / 16; ++i)
      device::wgmma(d, a + 2 * i, b + 2 * i, chunk > begin || i > 0, T());
    device::wgmma_commit();
    device::wgmma_wait<1>();
    if (held >= 0 && lane == 0) Barrier(empty + held).arrive();
    held = stage;
    if (++stage == p.stages) stage = 0, parity ^= 1;
  }
  device::wgmma_wait<0>();
  device::wgmma_pin(d);
}

template <class T>
__device__ inline void put(const Params& p, int token, int row, float v) {
  if (token >= p.m || row >= p.outputs) return;
  if (p.y_float)
    static_cast<float*>(p.y)[token * p.ldy + row] = v;
  else
    static_cast<T*>(p.y)[token * p.ldy + row] = device::from_float<T>(v);
}

// Four of a thread's accumulators, d[4 * j ...], to y.
template <class T, bool Gated>
__device__ inline void store(const Params& p, int tile, int thread, int j, const float (&d)[4]) {
  const int warp = thread / 32, g = thread % 32 / 4, token = j * 8 + thread % 4 * 2;
  const T* bias = static_cast<const T*>(p.bias);
  auto bias_of = [&](int row, int limit) {
    return bias && row < limit ? device::to_float(bias[row]) : 0.f;
  };
  if constexpr (Gated) {
    const int in = warp * 8 + g, row = tile * (p.rows / 2) + in;
    if (in >= p.rows / 2 || row >= p.outputs) return;
    const float gate_bias = bias_of(row, p.outputs);
    const float up_bias = bias_of(p.outputs + row, 2 * p.outputs);
#pragma unroll
    for (int c = 0; c < 2; ++c) {
      const float gate = d[c] + gate_bias, up = d[c + 2] + up_bias;
      put<T>(p, token + c, row, __fdividef(gate, 1.f + __expf(-gate)) * up);
    }
  } else {
    const int in = warp * 16 + g, row = tile * p.rows + in;
    const float low = bias_of(row, p.outputs), high = bias_of(row + 8, p.outputs);
#pragma unroll
    for (int c = 0; c < 4; ++c)
      if (in + c / 2 * 8 < p.rows)
        put<T>(p, token + c % 2, row + c / 2 * 8, d[c] + (c < 2 ? low : high));
  }
}

// Every block of a cluster lays its sums into its own ring, and finishes its share of the tile from
// all of them, in the order of their ranks: the same input gives the same bits.
template <class T, bool Gated, int R, class Cluster>
__device__ inline void finish_shared(const Params& p, Cluster& cluster, const float (&d)[R],
                                     float4* sums, int tile) {
  const int split = int(cluster.num_blocks()), rank = int(cluster.block_rank());
  constexpr int kConsumers = 128 * kGroups;
  const int t = int(threadIdx.x);
  if (t < kConsumers) {
#pragma unroll
    for (int j = 0; j < R / 4; ++j)
      sums[j * kConsumers + t] = make_float4(d[4 * j], d[4 * j + 1], d[4 * j + 2], d[4 * j + 3]);
  }
  cluster.sync();
  if (t < kConsumers) {
    constexpr int kPieces = R / 4 * kConsumers;
    for (int i = kPieces * rank / split + t; i < kPieces * (rank + 1) / split; i += kConsumers) {
      float sum[4] = {};
      for (int b = 0; b < split; ++b) {
        const float4 v = *cluster.map_shared_rank(sums + i, b);
        sum[0] += v.x, sum[1] += v.y, sum[2] += v.z, sum[3] += v.w;
      }
      store<T, Gated>(p, tile, i % kConsumers, i / kConsumers, sum);
    }
  }
  cluster.sync();  // no block may end while others read its sums
}

template <class T, int Tokens, bool Gated>
__global__ void __launch_bounds__(kThreads, 2)
    linear_skinny_kernel(const __grid_constant__ CUtensorMap w,
                         const __grid_constant__ CUtensorMap x, const Params p) {
  extern __shared__ uint8_t shared[];
  __shared__ uint64_t full[kMostStages], empty[kMostStages];
  auto cluster = cooperative_groups::this_cluster();
  const int split = int(cluster.num_blocks()), rank = int(cluster.block_rank());
  const int tile = int(blockIdx.x) / split;
  const int begin = p.chunks * rank / split, end = p.chunks * (rank + 1) / split;
  const uint32_t base = device::shared_address(shared), ring = (base + 1023u) & ~1023u;
  if (threadIdx.x == 128 * kGroups) {
    for (int s = 0; s < p.stages; ++s) {
      Barrier(full + s).init(1);
      Barrier(empty + s).init(4 * kGroups);  // a warp an arrival
    }
    device::fence_barrier_init();
  }
  __syncthreads();
  float d[Tokens / 2];
  if (threadIdx.x < 128 * kGroups) {
    device::launch_next();
    device::wait_for_previous();
    consume<T, Tokens>(d, p, begin, end, ring, full, empty);
  } else if (threadIdx.x == 128 * kGroups) {
    produce<Gated>(w, x, p, tile, begin, end, ring, full, empty);
  }
  if (split == 1) {
    if (threadIdx.x < 128 * kGroups) {
#pragma unroll
      for (int j = 0; j < Tokens / 8; ++j) {
        const float v[4] = {d[4 * j], d[4 * j + 1], d[4 * j + 2], d[4 * j + 3]};
        store<T, Gated>(p, tile, int(threadIdx.x), j, v);
      }
    }
    return;
  }
  __syncthreads();  // every stage has been read
  finish_shared<T, Gated>(p, cluster, d, reinterpret_cast<float4*>(shared + (ring - base)), tile);
}

template <class T, int Tokens, bool Gated>
void run(const SkinnyWeight& w, const CUtensorMap& x, Params p, int split, int shared,
         cudaStream_t stream) {
  p.stages = count_stages<Tokens>(p, shared);
  launch_clusters(linear_skinny_kernel<T, Tokens, Gated>, unsigned(split),
                  unsigned(skinny_tiles(w) * split), kThreads, size_t(shared), stream, true, w.map,
                  x, p);
}
template <class T, int Tokens, bool Gated>
void prepare() {
  const auto kernel = linear_skinny_kernel<T, Tokens, Gated>;
  FK_CUDA_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kWhole));
  FK_CUDA_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributePreferredSharedMemoryCarveout,
                                     cudaSharedmemCarveoutMaxShared));
}

}  // namespace skinny

// Once a device before the first launch, outside a capture.
template <class T, bool Gated>
void prepare_linear_skinny() {
  prepare_linear_gemv<T, Gated>();
  skinny::prepare<T, 16, Gated>();
  skinny::prepare<T, 32, Gated>();
  skinny::prepare<T, 64, Gated>();
}

template <class T, bool Gated>
void launch_linear_skinny(const SkinnyWeight& w, const SkinnyArgs& a, int sms,
                          cudaStream_t stream) {
  if (a.m <= kGemvMax) return launch_linear_gemv<T, Gated>(w, a, sms, stream);
  const int tokens = skinny_tokens(a.m);
  const CUtensorMap x =
      make_tensor_map(w.dtype, a.x, {cuuint64_t(w.k), cuuint64_t(a.m)}, {cuuint64_t(a.ldx * 2)},
                      {cuuint32_t(kSkinnyChunk), cuuint32_t(a.m)});
  const skinny::Params p{.bias = a.bias,
                         .y = a.y,
                         .ldy = a.ldy,
                         .m = a.m,
                         .outputs = w.outputs,
                         .rows = w.rows,
                         .chunks = skinny_chunks(w),
                         .y_float = a.y_float};
  const auto run = tokens == 16   ? skinny::run<T, 16, Gated>
                   : tokens == 32 ? skinny::run<T, 32, Gated>
                                  : skinny::run<T, 64, Gated>;
  // Where there is about a block a multiprocessor it takes the whole: the next kernel's blocks
  // would otherwise sit unevenly beside these.
  const int split = a.split ? a.split : skinny_split(w, sms);
  const bool whole = a.shared ? a.shared == 2 : skinny_tiles(w) * split <= sms;
  run(w, x, p, split, whole ? skinny::kWhole : skinny::kHalf, stream);
}

}  // namespace fk::cuda
