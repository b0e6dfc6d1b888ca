// SPDX-License-Identifier: Apache-2.0
// y[m][n] = silu(x[m][k] * gate[n][k]^T) * (x[m][k] * up[n][k]^T) for 65 to 128 rows of x, where w
// is read once but x once a tile of w: it is x that fills the way from L2 to the multiprocessors.
//
// - A tile is 64 * kGroups rows of w by kTokens rows of x. Two blocks of a cluster have tiles side
//   by side and the same columns: each loads half of x's box, for both (multicast). Where there are
//   few tiles, `split` such pairs share k.
// - A producer thread fills a ring by the tensor memory accelerator, the weights before the kernel
//   before this one has ended; each warpgroup multiplies 64 rows of w by all tokens from there.
// - A stage is free when both blocks have read it: warps say so to both.
// - A box is 8 gate rows, 8 up rows, 8 gate rows ..., so that one thread's accumulators hold a
//   gate and its up, and silu(gate) * up costs nothing.
//
// One H200, bfloat16, (intermediate, k) = (14336, 4096), us with a tiny kernel before each:
//   tokens                                                     64      96      128     256
//   cuBLASLt, best of 32, and silu_and_mul                     64.6    67.6    67.7    101.3
//   a tile alone (the baseline's kernel, 128 tokens a box)     59.4    74.2    70.2    105.2
//   pairs, the arrival at the other block a release of all     82.9    85.6    86.7    137.5
//   pairs, 128 rows of w                                       60.4    67.7    66.1    106.9
//   pairs, 256 rows of w, boxes of 128 tokens                  60.9    63.9    69.3    130.5
// Up to 96 tokens now have boxes of 96, which were not timed yet.
#pragma once
#include <cooperative_groups.h>

#include "../../../baselines/cuda/linear_skinny.hpp"
#include "fk/cuda.hpp"
#include "fk/device/pdl.cuh"
#include "fk/device/tma.cuh"
#include "fk/device/vec.cuh"
#include "fk/device/wgmma.cuh"
#include "fk/tensor_map.hpp"

namespace wide {

using fk::device::Barrier;

constexpr int kChunk = 64;  // columns of w and x in a stage
constexpr int kMostStages = 12;
constexpr int kPair = 2;

// gate's rows, then up's.
struct Weight {
  CUtensorMap maps[2];  // boxes of 128 and of 256 rows
  fk_dtype dtype;
  int outputs, k;  // columns of y; of x
  const CUtensorMap& map(int groups) const { return maps[groups / 4]; }
  // Of tiles.
  int pairs(int groups) const {
    const int columns = kPair * 32 * groups;
    return (outputs + columns - 1) / columns;
  }

  // 16-bit elements; w and ldw * 2 bytes are multiples of 16, outputs and k of 8.
  static Weight make(fk_dtype dtype, const void* w, int64_t ldw, int outputs, int k) {
    Weight out{{}, dtype, outputs, k};
    const auto columns = cuuint64_t(k), row = cuuint64_t(ldw) * 2, rows = cuuint64_t(outputs);
    for (unsigned i = 0; i < 2; ++i)
      out.maps[i] = fk::make_tensor_map(dtype, w, {columns, 8, 2, rows / 8},
                                        {row, rows * row, 8 * row}, {kChunk, 8, 2, 8u << i});
    return out;
  }
};

struct Params {
  const void* bias;
  void* y;
  int64_t ldy;
  int m, outputs, chunks, stages;
  bool y_float;
};

template <int kTokens, int kGroups>
struct Layout {
  static constexpr int kWeightBytes = 64 * kGroups * 128;
  static constexpr int kHalfBytes = kTokens / kPair * 128;  // what one block loads of x
  static constexpr int kStageBytes = kWeightBytes + kTokens * 128;
  static constexpr int kThreads = 128 * kGroups + 32;
  static constexpr int stages(int bytes) {
    const int n = (bytes - 1024) / kStageBytes;
    return n < kMostStages ? n : kMostStages;
  }
};

template <class T>
__device__ inline void put(const Params& p, int token, int row, float v) {
  if (token >= p.m) return;
  if (p.y_float)
    static_cast<float*>(p.y)[token * p.ldy + row] = v;
  else
    static_cast<T*>(p.y)[token * p.ldy + row] = fk::device::from_float<T>(v);
}

// Four of a thread's accumulators to y: a gate and its up by two tokens.
template <class T, int kGroups>
__device__ inline void store(const Params& p, int tile, int thread, int token, const float4& d) {
  const T* bias = static_cast<const T*>(p.bias);
  const int row = tile * 32 * kGroups + thread / 32 * 8 + thread % 32 / 4;
  if (row >= p.outputs) return;
  const float gate = bias ? fk::device::to_float(bias[row]) : 0.f;
  const float up = bias ? fk::device::to_float(bias[p.outputs + row]) : 0.f;
  const float a = d.x + gate, b = d.y + gate;
  token += thread % 4 * 2;
  put<T>(p, token, row, __fdividef(a, 1.f + __expf(-a)) * (d.z + up));
  put<T>(p, token + 1, row, __fdividef(b, 1.f + __expf(-b)) * (d.w + up));
}

template <class T, int kTokens, int kGroups>
__global__ void __launch_bounds__(128 * kGroups + 32, kGroups* kTokens > 128 ? 1 : 2)
    kernel(const __grid_constant__ CUtensorMap w, const __grid_constant__ CUtensorMap x,
           const Params p) {
  using L = Layout<kTokens, kGroups>;
  constexpr int kConsumers = 128 * kGroups;
  extern __shared__ uint8_t shared[];
  __shared__ uint64_t full[kMostStages], empty[kMostStages];
  auto cluster = cooperative_groups::this_cluster();
  const int blocks = int(cluster.num_blocks()), rank = int(cluster.block_rank());
  const int split = blocks / kPair, part = rank / kPair, side = rank % kPair;
  const int tile = int(blockIdx.x) / blocks * kPair + side, token0 = int(blockIdx.y) * kTokens;
  const int begin = p.chunks * part / split, end = p.chunks * (part + 1) / split;
  const uint32_t base = fk::device::shared_address(shared), ring = (base + 1023u) & ~1023u;
  const int t = int(threadIdx.x), filled = min(end - begin, p.stages);
  const uint64_t once = fk::device::evict_first(), often = fk::device::evict_last();

  const auto weights = [&](int chunk, int stage) {
    const Barrier done(full + stage);
    done.arrive_expecting(L::kStageBytes);
    const uint32_t to = ring + uint32_t(stage * L::kStageBytes);
    fk::device::load_box(to, w, chunk * kChunk, 0, 0, tile * 4 * kGroups, done, once);
  };
  const auto tokens = [&](int chunk, int stage) {
    fk::device::load_box_for_all(
        ring + uint32_t(stage * L::kStageBytes + L::kWeightBytes + side * L::kHalfBytes), x,
        chunk * kChunk, token0 + side * (kTokens / kPair), Barrier(full + stage),
        uint16_t(3u << (part * kPair)), often);
  };
  if (t == kConsumers) {
    for (int s = 0; s < p.stages; ++s) {
      Barrier(full + s).init(1);
      Barrier(empty + s).init(kPair * 4 * kGroups);  // a warp of either block an arrival
    }
    fk::device::fence_barrier_init();
    for (int i = 0; i < filled; ++i) weights(begin + i, i);
  }
  cluster.sync();  // the other block's barriers are there
  fk::device::launch_next();
  fk::device::wait_for_previous();

  float d[kTokens / 2];
  if (t < kConsumers) {
    const int group = t / 128, lane = t % 32;
#pragma unroll
    for (int j = 0; j < kTokens / 2; ++j) d[j] = 0;
    int stage = 0, held = -1;  // held: the stage whose product may still be running
    uint32_t parity = 0;
    const auto release = [&](int s) {
      if (lane < kPair) Barrier(empty + s).arrive_in(uint32_t(part * kPair + lane));
    };
    for (int chunk = begin; chunk < end; ++chunk) {
      Barrier(full + stage).wait(parity);
      const uint32_t at = ring + uint32_t(stage * L::kStageBytes);
      const uint64_t a = fk::device::wgmma_operand(at + uint32_t(group * 64 * 128));
      const uint64_t b = fk::device::wgmma_operand(at + L::kWeightBytes);
      fk::device::wgmma_pin(d);
      fk::device::wgmma_fence();
#pragma unroll
      for (int c = 0; c < kChunk / 16; ++c)
        fk::device::wgmma(d, a + 2 * c, b + 2 * c, chunk > begin || c > 0, T());
      fk::device::wgmma_commit();
      fk::device::wgmma_wait<1>();
      if (held >= 0) release(held);
      held = stage;
      if (++stage == p.stages) stage = 0, parity ^= 1;
    }
    fk::device::wgmma_wait<0>();
    fk::device::wgmma_pin(d);
  } else if (t == kConsumers) {
    for (int i = 0; i < filled; ++i) tokens(begin + i, i);
    int stage = 0;
    uint32_t parity = 0;
    for (int chunk = begin + filled; chunk < end; ++chunk) {
      Barrier(empty + stage).wait(parity);
      weights(chunk, stage);
      tokens(chunk, stage);
      if (++stage == p.stages) stage = 0, parity ^= 1;
    }
  }
  if (split == 1) {
    if (t < kConsumers) {
#pragma unroll
      for (int j = 0; j < kTokens / 8; ++j)
        store<T, kGroups>(p, tile, t, token0 + 8 * j,
                          make_float4(d[4 * j], d[4 * j + 1], d[4 * j + 2], d[4 * j + 3]));
    }
    cluster.sync();  // no block may end while the other's warps speak to it
    return;
  }
  // Every block lays its sums into its own ring, and finishes its share of the tile from all of its
  // side, in the order of their parts: the same input gives the same bits.
  cluster.sync();  // every stage of every block has been written and read
  float4* sums = reinterpret_cast<float4*>(shared + (ring - base));
  if (t < kConsumers) {
#pragma unroll
    for (int j = 0; j < kTokens / 8; ++j)
      sums[j * kConsumers + t] = make_float4(d[4 * j], d[4 * j + 1], d[4 * j + 2], d[4 * j + 3]);
  }
  cluster.sync();
  constexpr int kPieces = kTokens / 8 * kConsumers;
  if (t < kConsumers)
    for (int i = kPieces * part / split + t; i < kPieces * (part + 1) / split; i += kConsumers) {
      float4 sum{};
      for (int b = 0; b < split; ++b) {
        const float4 v = *cluster.map_shared_rank(sums + i, b * kPair + side);
        sum.x += v.x, sum.y += v.y, sum.z += v.z, sum.w += v.w;
      }
      store<T, kGroups>(p, tile, i % kConsumers, token0 + i / kConsumers * 8, sum);
    }
  cluster.sync();  // no block may end while others read its sums
}

using Args = fk::cuda::SkinnyArgs;  // m: 1 or more; split and shared are its kernel's own

template <class T, int kTokens, int kGroups>
void prepare_kernel() {
  const auto k = kernel<T, kTokens, kGroups>;
  FK_CUDA_CHECK(cudaFuncSetAttribute(k, cudaFuncAttributeMaxDynamicSharedMemorySize, 224 * 1024));
  FK_CUDA_CHECK(cudaFuncSetAttribute(k, cudaFuncAttributePreferredSharedMemoryCarveout,
                                     cudaSharedmemCarveoutMaxShared));
}

// `split`: pairs of blocks that share a pair of tiles; `kb`: of shared memory a block.
template <class T, int kTokens, int kGroups>
void run(const Weight& w, const Args& a, int split, int kb, cudaStream_t stream) {
  using L = Layout<kTokens, kGroups>;
  const CUtensorMap x =
      fk::make_tensor_map(w.dtype, a.x, {cuuint64_t(w.k), cuuint64_t(a.m)}, {cuuint64_t(a.ldx * 2)},
                          {cuuint32_t(kChunk), cuuint32_t(kTokens / kPair)});
  const Params p{.bias = a.bias,
                 .y = a.y,
                 .ldy = a.ldy,
                 .m = a.m,
                 .outputs = w.outputs,
                 .chunks = (w.k + kChunk - 1) / kChunk,
                 .stages = L::stages(kb * 1024),
                 .y_float = a.y_float};
  const int blocks = kPair * split;
  fk::launch_clusters(
      kernel<T, kTokens, kGroups>, unsigned(blocks),
      dim3(unsigned(w.pairs(kGroups) * blocks), unsigned((a.m + kTokens - 1) / kTokens)),
      L::kThreads, size_t(kb) * 1024, stream, true, w.map(kGroups), x, p);
}

// Once a device before the first launch, outside a capture.
template <class T>
void prepare() {
  prepare_kernel<T, 96, 4>(), prepare_kernel<T, 128, 2>();
}

// Up to 96 rows fit beside 256 rows of w in a stage, more beside 128.
template <class T>
void launch(const Weight& w, const Args& a, int sms, cudaStream_t stream) {
  const bool few = a.m <= 96;
  int split = 1;
  while (split < 4 && w.pairs(few ? 4 : 2) * kPair * split * 2 < sms &&
         split * 8 < (w.k + kChunk - 1) / kChunk)
    ++split;
  if (few)
    run<T, 96, 4>(w, a, split, 224, stream);
  else
    run<T, 128, 2>(w, a, split, split > 1 ? 224 : 112, stream);
}

}  // namespace wide
