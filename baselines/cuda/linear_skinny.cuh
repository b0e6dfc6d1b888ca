// SPDX-License-Identifier: Apache-2.0
// Idea. With few tokens a linear layer is a read of its weights, so everything serves keeping
// enough bytes in flight, from before the launch until the end:
// - Every warp has a ring of its own in shared memory, filled by bulk copies (a lane a row) that
//   complete on a barrier a stage. Nothing in the main loop waits for another warp.
// - Weights do not depend on the kernel before: the ring is filled before wait_for_previous(), and
//   a multiprocessor holds two blocks, so that one kernel's first weights arrive while the one
//   before computes. With 256 blocks of 96 KB, 24 MB are asked for at once.
// - Tensor cores multiply even one token: rows of w are the 16 side of m16n8k16, tokens the 8 side.
//   The order of k inside a product is free as long as both sides agree; a lane takes the 8
//   neighbours [8t, 8t + 8) of 32 columns as two products' fragments, so w leaves shared memory and
//   x leaves L1 16 bytes at a time without any shuffle.
// - Where rows alone do not fill the card, a cluster splits k. Partial sums meet in (distributed)
//   shared memory and are added in a fixed order: the same input gives the same bits.
#pragma once
#include <cooperative_groups.h>

#include <utility>

#include "fk/cuda.hpp"
#include "fk/device/pdl.cuh"
#include "fk/device/vec.cuh"
#include "linear_skinny.hpp"

namespace fk::cuda {
namespace skinny {

__device__ inline uint32_t shared_address(const void* p) {
  return uint32_t(__cvta_generic_to_shared(p));
}
__device__ inline void barrier_init(uint32_t barrier) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(barrier) : "memory");
}
__device__ inline void barrier_expect(uint32_t barrier, uint32_t bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes)
               : "memory");
}
__device__ inline void barrier_wait(uint32_t barrier, uint32_t parity) {
  asm volatile(
      "{\n"
      ".reg .pred done;\n"
      "again:\n"
      "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
      "@!done bra again;\n"
      "}\n" ::"r"(barrier),
      "r"(parity)
      : "memory");
}
// Weights are read once: they leave L2 first.
__device__ inline uint64_t evict_first() {
  uint64_t policy;
  asm("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy));
  return policy;
}
__device__ inline void bulk_copy(uint32_t to, const void* from, uint32_t bytes, uint32_t barrier,
                                 uint64_t policy) {
  asm volatile(
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint "
      "[%0], [%1], %2, [%3], %4;" ::"r"(to),
      "l"(from), "r"(bytes), "r"(barrier), "l"(policy)
      : "memory");
}
__device__ inline uint4 load_shared(uint32_t from) {
  uint4 v;
  asm volatile("ld.shared.v4.u32 {%0,%1,%2,%3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "r"(from));
  return v;
}

// c[16][8] += a[16][16] * b[16][8].
__device__ inline void multiply(float (&c)[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3,
                                uint32_t b0, uint32_t b1, __nv_bfloat16) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}
__device__ inline void multiply(float (&c)[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3,
                                uint32_t b0, uint32_t b1, __half) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

// One warp's ring: fetch() asks for the next chunk of its weights, one stage each.
template <class T, int Shape>
class Ring {
 public:
  static constexpr SkinnyShape kShape = kSkinnyShapes[Shape];

  // The warp's chunks of a tile are first, first + step, ...; its tiles tile, tile + tile_step, ...
  __device__ Ring(uint32_t base, const SkinnyArgs& a, int row_warp, int first, int step, int tile,
                  int tile_step)
      : base_(base),
        lane_(int(threadIdx.x % 32)),
        a_(a),
        row_(row_warp * kShape.warp_rows()),
        chunks_((a.k + kShape.chunk - 1) / kShape.chunk),
        first_(first),
        step_(step),
        tile_(tile),
        tile_step_(tile_step),
        chunk_(first),
        policy_(evict_first()) {
    if (lane_ == 0) {
      for (int s = 0; s < kShape.stages; ++s) barrier_init(barrier(s));
      asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
      asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    }
    __syncwarp();
  }
  __device__ uint32_t stage(int s) const { return base_ + uint32_t(s * kShape.stage()); }
  __device__ uint32_t barrier(int s) const {  // in the padding of the stage's last row
    return stage(s) + uint32_t(kShape.stage() - 64);
  }
  __device__ void fetch() {
    const int row = tile_ * kShape.rows() + row_;
    if (first_ >= chunks_ || tile_ * kShape.rows() >= a_.n) return;
    const int column = chunk_ * kShape.chunk;
    const int rows = max(0, min(kShape.warp_rows(), a_.n - row));
    const uint32_t bytes = 2u * uint32_t(min(kShape.chunk, a_.k - column));
    if (lane_ == 0) barrier_expect(barrier(next_), bytes * uint32_t(rows));
    __syncwarp();
    if (lane_ < rows)
      bulk_copy(stage(next_) + uint32_t(lane_ * kShape.pitch()),
                static_cast<const T*>(a_.w) + int64_t(row + lane_) * a_.ldw + column, bytes,
                barrier(next_), policy_);
    next_ = next_ + 1 == kShape.stages ? 0 : next_ + 1;
    chunk_ += step_;
    if (chunk_ >= chunks_) chunk_ = first_, tile_ += tile_step_;
  }

 private:
  const uint32_t base_;
  const int lane_;
  const SkinnyArgs& a_;
  const int row_, chunks_, first_, step_;
  int tile_;
  const int tile_step_;
  int chunk_, next_ = 0;
  const uint64_t policy_;
};

// Sums a product's two halves in two chains where there are few: each waits for the one before.
template <int Shape>
inline constexpr int kChains = kSkinnyShapes[Shape].token_tiles <= 2 ? 2 : 1;
template <int Shape>
using Accumulators =
    float[kChains<Shape>][kSkinnyShapes[Shape].row_tiles][kSkinnyShapes[Shape].token_tiles][4];

// acc += one chunk: 32 columns a step, x for a group of steps in registers before w is waited for.
template <class T, int Shape, bool Full>
__device__ inline void multiply_chunk(Accumulators<Shape>& acc,
                                      const T* const (&x)[kSkinnyShapes[Shape].token_tiles],
                                      int column, int k, uint32_t stage, uint32_t barrier,
                                      uint32_t parity) {
  constexpr SkinnyShape kShape = kSkinnyShapes[Shape];
  constexpr int kTokenTiles = kShape.token_tiles, kRowTiles = kShape.row_tiles;
  constexpr int kSteps = kShape.chunk / 32;
  constexpr int kGroup = kSteps < 16 / kTokenTiles ? kSteps : 16 / kTokenTiles;
  const int g = int(threadIdx.x % 32) / 4, t = int(threadIdx.x % 4);
  const uint32_t w = stage + uint32_t(g * kShape.pitch() + t * 16);
#pragma unroll
  for (int s0 = 0; s0 < kSteps; s0 += kGroup) {
    uint4 b[kGroup][kTokenTiles];
#pragma unroll
    for (int s = 0; s < kGroup; ++s)
#pragma unroll
      for (int n = 0; n < kTokenTiles; ++n) {
        const int at = column + (s0 + s) * 32;
        if (Full || at + 8 * t < k)
          b[s][n] = *reinterpret_cast<const uint4*>(x[n] + at);
        else
          b[s][n] = {};
      }
    if (s0 == 0) barrier_wait(barrier, parity);
#pragma unroll
    for (int s = 0; s < kGroup; ++s) {
#pragma unroll
      for (int r = 0; r < kRowTiles; ++r) {
        const uint32_t from = w + uint32_t(r * 16 * kShape.pitch() + (s0 + s) * 64);
        uint4 low{}, high{};  // rows g and g + 8; what lies behind k was never copied
        if (Full || column + (s0 + s) * 32 + 8 * t < k) {
          low = load_shared(from);
          high = load_shared(from + uint32_t(8 * kShape.pitch()));
        }
#pragma unroll
        for (int n = 0; n < kTokenTiles; ++n) {
          const uint4& v = b[s][n];
          multiply(acc[0][r][n], low.x, high.x, low.y, high.y, v.x, v.y, T());
          multiply(acc[kChains<Shape> - 1][r][n], low.z, high.z, low.w, high.w, v.z, v.w, T());
        }
      }
    }
  }
}

// Adds the parts of a tile in the order of cluster rank and warp, then stores this block's share.
template <class T, int Shape, class Cluster>
__device__ inline void finish_tile(const SkinnyArgs& a, float* part, int tile, Cluster& cluster,
                                   int rank, int split) {
  constexpr SkinnyShape kShape = kSkinnyShapes[Shape];
  constexpr int kThreads = 32 * SkinnyShape::kWarps;
  constexpr int kPart = kShape.tokens() * kShape.part_pitch();
  for (int i = rank * kThreads + int(threadIdx.x); i < kShape.rows() * a.m; i += split * kThreads) {
    const int token = i / kShape.rows(), in_tile = i % kShape.rows();
    const int row = tile * kShape.rows() + in_tile;
    if (row >= a.n) continue;
    const int at = token * kShape.part_pitch() + in_tile;
    float sum = 0;
    for (int s = 0; s < split; ++s) {
      const float* from = split > 1 ? cluster.map_shared_rank(part, s) : part;
#pragma unroll
      for (int v = 0; v < kShape.k_warps(); ++v) sum += from[v * kPart + at];
    }
    if (a.bias) sum += device::to_float(static_cast<const T*>(a.bias)[row]);
    const int64_t to = token * a.ldy + row;
    if (a.y_float)
      static_cast<float*>(a.y)[to] = sum;
    else
      static_cast<T*>(a.y)[to] = device::from_float<T>(sum);
  }
}

template <class T, int Shape>
__global__ void __launch_bounds__(32 * SkinnyShape::kWarps, 2)
    linear_skinny_kernel(const __grid_constant__ SkinnyArgs a) {
  constexpr SkinnyShape kShape = kSkinnyShapes[Shape];
  extern __shared__ __align__(128) uint8_t shared[];
  auto cluster = cooperative_groups::this_cluster();
  const int split = int(cluster.num_blocks()), rank = int(cluster.block_rank());
  const int warp = int(threadIdx.x) / 32, g = int(threadIdx.x % 32) / 4, t = int(threadIdx.x % 4);
  const int row_warp = warp % kShape.row_warps, k_warp = warp / kShape.row_warps;
  const int clusters = int(gridDim.x) / split, first_tile = int(blockIdx.x) / split;
  const int tiles = (a.n + kShape.rows() - 1) / kShape.rows();
  const int chunks = (a.k + kShape.chunk - 1) / kShape.chunk;
  const int first = rank * kShape.k_warps() + k_warp, step = split * kShape.k_warps();

  Ring<T, Shape> ring(shared_address(shared) + uint32_t(warp * kShape.stages * kShape.stage()), a,
                      row_warp, first, step, first_tile, clusters);
#pragma unroll
  for (int s = 0; s < kShape.stages; ++s) ring.fetch();
  device::launch_next();
  device::wait_for_previous();

  // Columns of a product that belong to no token repeat the last one and are not stored.
  const T* x[kShape.token_tiles];
#pragma unroll
  for (int n = 0; n < kShape.token_tiles; ++n)
    x[n] = static_cast<const T*>(a.x) + min(n * 8 + g, a.m - 1) * a.ldx + 8 * t;

  float* part = reinterpret_cast<float*>(shared + kShape.ring());
  int at = 0;  // the stage to read, and how often the ring went round
  uint32_t parity = 0;
  for (int tile = first_tile; tile < tiles; tile += clusters) {
    Accumulators<Shape> acc = {};
    for (int chunk = first; chunk < chunks; chunk += step) {
      const int column = chunk * kShape.chunk;
      if (column + kShape.chunk <= a.k)
        multiply_chunk<T, Shape, true>(acc, x, column, a.k, ring.stage(at), ring.barrier(at),
                                       parity);
      else
        multiply_chunk<T, Shape, false>(acc, x, column, a.k, ring.stage(at), ring.barrier(at),
                                        parity);
      __syncwarp();  // all lanes have read the stage
      ring.fetch();
      if (++at == kShape.stages) at = 0, parity ^= 1;
    }
    float* mine =
        part + k_warp * kShape.tokens() * kShape.part_pitch() + row_warp * kShape.warp_rows();
#pragma unroll
    for (int r = 0; r < kShape.row_tiles; ++r)
#pragma unroll
      for (int n = 0; n < kShape.token_tiles; ++n)
#pragma unroll
        for (int c = 0; c < 4; ++c)
          mine[(n * 8 + 2 * t + c % 2) * kShape.part_pitch() + r * 16 + g + c / 2 * 8] =
              kChains<Shape> == 2 ? acc[0][r][n][c] + acc[kChains<Shape> - 1][r][n][c]
                                  : acc[0][r][n][c];
    split > 1 ? cluster.sync() : __syncthreads();
    finish_tile<T, Shape>(a, part, tile, cluster, rank, split);
    split > 1 ? cluster.sync() : __syncthreads();  // all parts are read: no block may end before
  }
}

}  // namespace skinny

using SkinnyKernel = void (*)(SkinnyArgs);
template <class T, int... Shapes>
SkinnyKernel skinny_kernel(int shape, std::integer_sequence<int, Shapes...>) {
  static constexpr SkinnyKernel kKernels[] = {skinny::linear_skinny_kernel<T, Shapes>...};
  return kKernels[shape];
}

// Once a device and type before the first launch, outside a capture. `Shapes`: how many of
// kSkinnyShapes are compiled.
template <class T, int Shapes = kPlannedShapes>
void prepare_linear_skinny() {
  for (int i = 0; i < Shapes; ++i) {
    const auto kernel = skinny_kernel<T>(i, std::make_integer_sequence<int, Shapes>());
    FK_CUDA_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                       kSkinnyShapes[i].shared()));
    FK_CUDA_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributePreferredSharedMemoryCarveout,
                                       cudaSharedmemCarveoutMaxShared));
  }
}

template <class T, int Shapes = kPlannedShapes>
void launch_linear_skinny(const SkinnyArgs& a, const SkinnyPlan& plan, cudaStream_t stream) {
  cudaLaunchAttribute attributes[2]{};
  attributes[0].id = cudaLaunchAttributeProgrammaticStreamSerialization;
  attributes[0].val.programmaticStreamSerializationAllowed = 1;
  attributes[1].id = cudaLaunchAttributeClusterDimension;
  attributes[1].val.clusterDim = {unsigned(plan.split), 1, 1};
  cudaLaunchConfig_t config{};
  config.gridDim = unsigned(plan.clusters * plan.split);
  config.blockDim = 32 * SkinnyShape::kWarps;
  config.dynamicSmemBytes = size_t(kSkinnyShapes[plan.shape].shared());
  config.stream = stream;
  config.attrs = attributes;
  config.numAttrs = plan.split > 1 ? 2 : 1;
  const auto kernel = skinny_kernel<T>(plan.shape, std::make_integer_sequence<int, Shapes>());
  check_cuda(cudaLaunchKernelEx(&config, kernel, a), "linear_skinny_kernel");
}

}  // namespace fk::cuda
