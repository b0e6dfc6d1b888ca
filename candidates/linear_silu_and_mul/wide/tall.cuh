// SPDX-License-Identifier: Apache-2.0
// y[m][n] = silu(x[m][k] * gate[n][k]^T) * (x[m][k] * up[n][k]^T) for many rows of x, where the
// product is bound by the tensor cores, and what joins its halves costs as much as writing and
// reading them again.
//
// - A tile is 128 rows of x by 128 or 112 columns of y, whichever leaves fewer multiprocessors idle
//   at the end: as many rows of gate and the same of up, which one product of 256 or 224 columns
//   has side by side, so that a thread's accumulators hold every gate with its up.
// - Two blocks of a cluster have the same columns and rows side by side: one loads gate's box, the
//   other up's, each for both (multicast).
// - As many blocks as multiprocessors stay for all tiles. A warp loads, two warpgroups multiply 64
//   rows each; what they store goes out by TMA while they are at the next tile.
// - Tiles go down kGroup pairs of rows before the next columns: what runs at once shares x and w
//   in L2.
// - The last rows' tiles begin early enough to be whole, and what two of them have they both
//   write: boxes that reach beyond x load at half the speed.
//
// One H200, bfloat16, (intermediate, k) = (14336, 4096), us in bursts of 8 launches after a rest:
//   tokens                            129    256    384    512    768   1024   2048    8192
//   cuBLASLt (of 8) and silu_and_mul   70.1   97.3  130.4  164.5  256.4  322.2  639.9  2539.7
//   128 columns, boxes beyond x       165.4   92.9  281.9  174.6  258.9  308.3  608.5  2440.7
//   128 columns, last tiles whole      92.7   91.9  174.2  174.2  257.1  306.1  603.8  2391.2
//   112 columns                        87.5   86.9  158.7  159.1  233.9  309.2  609.4  2408.3
// Without what joins the halves 128 columns take 1 to 2 % less. kGroup of 4, 8 and 16: no
// difference that stands out of the noise. At the limit of the card's power, a second later, all
// are 20 % slower.
#pragma once
#include <cooperative_groups.h>

#include "../../../baselines/cuda/linear_skinny.hpp"
#include "fk/cuda.hpp"
#include "fk/device/pdl.cuh"
#include "fk/device/tma.cuh"
#include "fk/device/vec.cuh"
#include "fk/device/wgmma.cuh"
#include "fk/tensor_map.hpp"

namespace tall {

using fk::device::Barrier;

constexpr int kRows = 128;  // of x, a tile
constexpr int kChunk = 64;  // columns of x and w in a stage
constexpr int kStages = 4;
constexpr int kPair = 2;
constexpr int kConsumers = 2;  // warpgroups of 64 rows
constexpr int kThreads = 128 * (kConsumers + 1);
constexpr int kGroup = 8;  // pairs of rows

// Of tiles of so many columns of y.
template <int kColumns>
struct Layout {
  static constexpr uint32_t kRowBytes = kChunk * 2;
  static constexpr uint32_t kX = kRows * kRowBytes, kHalf = kColumns * kRowBytes;  // gate or up
  static constexpr uint32_t kStage = kX + 2 * kHalf;
  static constexpr uint32_t kOut = 64 * kColumns * 2;  // a warpgroup's
  static constexpr size_t kShared = kStages * kStage + kConsumers * kOut + 1024;
  // What goes out in boxes of 64 columns is swizzled. Rows of 112 columns share few banks as they
  // are.
  static constexpr bool kSwizzled = kColumns % 64 == 0;
  static constexpr int kOutColumns = kSwizzled ? 64 : kColumns;
};

// gate's rows, then up's.
struct Weight {
  CUtensorMap maps[2];  // boxes of 128 and of 112 rows
  fk_dtype dtype;
  int outputs, k;  // columns of y; of x

  // 16-bit elements; w and ldw * 2 bytes are multiples of 16, k of 8.
  static Weight make(fk_dtype dtype, const void* w, int64_t ldw, int outputs, int k) {
    Weight out{{}, dtype, outputs, k};
    out.maps[0] = out.matrix(w, 2 * outputs, k, ldw, 128);
    out.maps[1] = out.matrix(w, 2 * outputs, k, ldw, 112);
    return out;
  }
  template <int kColumns>
  const CUtensorMap& map() const {
    return maps[kColumns == 112];
  }
  CUtensorMap matrix(const void* data, int rows, int columns, int64_t row, int box_rows,
                     int box_columns = kChunk) const {
    return fk::make_tensor_map(
        dtype, data, {cuuint64_t(columns), cuuint64_t(rows)}, {cuuint64_t(row * 2)},
        {cuuint32_t(box_columns), cuuint32_t(box_rows)},
        box_columns == 64 ? CU_TENSOR_MAP_SWIZZLE_128B : CU_TENSOR_MAP_SWIZZLE_NONE);
  }
};

struct Params {
  const void* bias;  // [2 * n] or null
  float* y;          // float32 y, which does not go by TMA; else null
  int64_t ldy;
  int m, n, chunks;
  int pairs, columns;  // tiles: pairs of rows, and columns
};

// Among the threads of one warpgroup.
__device__ inline void sync_group(int group) {
  asm volatile("bar.sync %0, 128;" ::"r"(group + 1) : "memory");
}

// Two gates and their ups. One reciprocal serves both: the special function unit is what the
// epilogue waits for. Exponents end at 63 so that the product of two stays a float32.
__device__ inline float2 joined(float2 gate, float2 up) {
  constexpr float kLog2e = 1.4426950408889634f;
  const float p = 1.f + exp2f(fminf(-gate.x * kLog2e, 63.f));
  const float q = 1.f + exp2f(fminf(-gate.y * kLog2e, 63.f));
  const float r = __fdividef(1.f, p * q);
  return make_float2(gate.x * up.x * (r * q), gate.y * up.y * (r * p));
}

__device__ inline uint32_t packed(float2 v, __nv_bfloat16) {
  const __nv_bfloat162 two = __floats2bfloat162_rn(v.x, v.y);
  return *reinterpret_cast<const uint32_t*>(&two);
}
__device__ inline uint32_t packed(float2 v, __half) {
  const __half2 two = __floats2half2_rn(v.x, v.y);
  return *reinterpret_cast<const uint32_t*>(&two);
}

struct Tile {
  int row, column;  // of pairs, of y's columns in tiles
};
__device__ inline Tile tile_of(int i, const Params& p) {
  const int group = i / (kGroup * p.columns), first = group * kGroup;
  const int rows = min(kGroup, p.pairs - first), in = i - first * p.columns;
  return {first + in % rows, in / rows};
}

template <class T, int kColumns>
__global__ void __launch_bounds__(kThreads, 1)
    kernel(const __grid_constant__ CUtensorMap x, const __grid_constant__ CUtensorMap w,
           const __grid_constant__ CUtensorMap y, const Params p) {
  using L = Layout<kColumns>;
  constexpr int kHalf = kColumns / 2;  // accumulators of gate, and of up
  extern __shared__ uint8_t shared[];
  __shared__ uint64_t full[kStages], empty[kStages];
  auto cluster = cooperative_groups::this_cluster();
  const int rank = int(cluster.block_rank()), t = int(threadIdx.x), group = t / 128;
  const uint32_t ring = (fk::device::shared_address(shared) + 1023u) & ~1023u;
  const int clusters = int(gridDim.x) / kPair, tiles = p.pairs * p.columns;
  if (t == 0) {
    for (int s = 0; s < kStages; ++s) {
      Barrier(full + s).init(1);
      Barrier(empty + s).init(kPair * kConsumers);  // a warpgroup of either block an arrival
    }
    fk::device::fence_barrier_init();
  }
  cluster.sync();  // the other block's barriers are there
  fk::device::launch_next();
  fk::device::wait_for_previous();

  const auto token_of = [&](const Tile& tile) {
    return min((tile.row * kPair + rank) * kRows, p.m - kRows);
  };
  int stage = 0;
  uint32_t parity = 0;
  const auto next = [&] {
    if (++stage == kStages) stage = 0, parity ^= 1;
  };
  if (group == kConsumers) {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 40;");
    const uint64_t policy = fk::device::evict_normal();
    if (t == kConsumers * 128)
      for (int i = int(blockIdx.x) / kPair; i < tiles; i += clusters) {
        const Tile tile = tile_of(i, p);
        const int token = token_of(tile);
        const int output = tile.column * kColumns + rank * p.n;  // this block's half: gate or up
        for (int chunk = 0; chunk < p.chunks; ++chunk, next()) {
          Barrier(empty + stage).wait(parity ^ 1);
          const Barrier done(full + stage);
          done.arrive_expecting(L::kStage);
          const uint32_t to = ring + uint32_t(stage) * L::kStage;
          fk::device::load_box(to, x, chunk * kChunk, token, done, policy);
          fk::device::load_box_for_all(to + L::kX + uint32_t(rank) * L::kHalf, w, chunk * kChunk,
                                       output, done, 3, policy);
        }
      }
  } else {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 232;");
    const int lane = t % 32, warp = t % 128 / 32;
    const uint32_t out = ring + kStages * L::kStage + uint32_t(group) * L::kOut;
    const auto release = [&](int s) {
      if (t % 128 < kPair) Barrier(empty + s).arrive_in(uint32_t(t % 128));
    };
    for (int i = int(blockIdx.x) / kPair; i < tiles; i += clusters) {
      const Tile tile = tile_of(i, p);
      float d[kColumns];
      int held = -1;  // the stage whose product may still be running
      for (int chunk = 0; chunk < p.chunks; ++chunk, next()) {
        Barrier(full + stage).wait(parity);
        const uint32_t at = ring + uint32_t(stage) * L::kStage;
        const uint64_t a = fk::device::wgmma_operand(at + uint32_t(group * 64 * 128));
        const uint64_t b = fk::device::wgmma_operand(at + L::kX);
        fk::device::wgmma_pin(d);
        fk::device::wgmma_fence();
#pragma unroll
        for (int c = 0; c < kChunk / 16; ++c)
          fk::device::wgmma(d, a + 2 * c, b + 2 * c, chunk > 0 || c > 0, T());
        fk::device::wgmma_commit();
        fk::device::wgmma_wait<1>();
        if (held >= 0) release(held);
        held = stage;
      }
      fk::device::wgmma_wait<0>();
      fk::device::wgmma_pin(d);
      release(held);

      const int row0 = token_of(tile) + group * 64;
      const int column0 = tile.column * kColumns;
      if (p.bias) {
        const T* bias = static_cast<const T*>(p.bias);
#pragma unroll
        for (int j = 0; j < kHalf; ++j) {
          const int column = column0 + j / 4 * 8 + lane % 4 * 2 + j % 2;
          if (column >= p.n) continue;
          d[j] += fk::device::to_float(bias[column]);
          d[kHalf + j] += fk::device::to_float(bias[p.n + column]);
        }
      }
      if (p.y) {
#pragma unroll
        for (int j = 0; j < kHalf; j += 2) {
          const int row = row0 + warp * 16 + lane / 4 + j % 4 / 2 * 8;
          const int column = column0 + j / 4 * 8 + lane % 4 * 2;
          const float2 v = joined({d[j], d[j + 1]}, {d[kHalf + j], d[kHalf + j + 1]});
          if (column < p.n) p.y[row * p.ldy + column] = v.x;
          if (column + 1 < p.n) p.y[row * p.ldy + column + 1] = v.y;
        }
        continue;
      }
      // The last tile's stores have read what they store.
      if (t % 128 == 0) fk::device::wait_stores_read();
      sync_group(group);
      // Of a warp's 16 rows four matrices of 8 by 8 at a time; this lane says where row lane % 8 of
      // the matrix lane / 8 goes.
      const int row = warp * 16 + lane / 8 % 2 * 8 + lane % 8;
#pragma unroll
      for (int j = 0; j < kHalf; j += 8) {
        uint32_t v[4];
#pragma unroll
        for (int c = 0; c < 4; ++c) {
          const int at = j + 2 * c;
          v[c] = packed(joined({d[at], d[at + 1]}, {d[kHalf + at], d[kHalf + at + 1]}), T());
        }
        const int piece = j / 4 + lane / 16;  // of 8 columns
        const uint32_t to = out + uint32_t(L::kSwizzled ? piece / 8 * 64 * 128 + row * 128 +
                                                              ((piece % 8) ^ (row % 8)) * 16
                                                        : row * kColumns * 2 + piece * 16);
        asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(to),
                     "r"(v[0]), "r"(v[1]), "r"(v[2]), "r"(v[3])
                     : "memory");
      }
      fk::device::fence_shared_for_tma();
      sync_group(group);
      if (t % 128 == 0) {
        for (int c = 0; c < kColumns && column0 + c < p.n; c += L::kOutColumns)
          fk::device::store_box(y, column0 + c, row0, out + uint32_t(c * 64 * 2));
        fk::device::commit_stores();
      }
    }
    if (t % 128 == 0) fk::device::wait_stores();
  }
  cluster.sync();  // no block may end while the other loads for it or speaks to it
}

// m: kRows or more; y's rows at multiples of 16 bytes, or float32.
using Args = fk::cuda::SkinnyArgs;

// Once a device before the first launch, outside a capture.
template <class T>
void prepare() {
  const auto allow = [](auto kernel, size_t bytes) {
    FK_CUDA_CHECK(
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(bytes)));
  };
  allow(kernel<T, 128>, Layout<128>::kShared), allow(kernel<T, 112>, Layout<112>::kShared);
}

template <class T, int kColumns>
void run(const Weight& w, const Args& a, int sms, cudaStream_t stream) {
  using L = Layout<kColumns>;
  const Params p{.bias = a.bias,
                 .y = a.y_float ? static_cast<float*>(a.y) : nullptr,
                 .ldy = a.ldy,
                 .m = a.m,
                 .n = w.outputs,
                 .chunks = (w.k + kChunk - 1) / kChunk,
                 .pairs = (a.m + kPair * kRows - 1) / (kPair * kRows),
                 .columns = (w.outputs + kColumns - 1) / kColumns};
  const CUtensorMap x = w.matrix(a.x, a.m, w.k, a.ldx, kRows);
  const CUtensorMap y = p.y ? x : w.matrix(a.y, a.m, w.outputs, a.ldy, 64, L::kOutColumns);
  const int clusters = std::min(sms / kPair, p.pairs * p.columns);
  fk::launch_clusters(kernel<T, kColumns>, kPair, dim3(unsigned(clusters * kPair)), kThreads,
                      L::kShared, stream, true, x, w.map<kColumns>(), y, p);
}

template <class T>
void launch(const Weight& w, const Args& a, int sms, cudaStream_t stream) {
  // Of the multiprocessor with the most tiles: the columns that it computes.
  const auto most = [&](int columns) {
    const int tiles =
        (a.m + kPair * kRows - 1) / (kPair * kRows) * ((w.outputs + columns - 1) / columns);
    return (tiles + sms / kPair - 1) / (sms / kPair) * columns;
  };
  most(112) < most(128) ? run<T, 112>(w, a, sms, stream) : run<T, 128>(w, a, sms, stream);
}

}  // namespace tall
