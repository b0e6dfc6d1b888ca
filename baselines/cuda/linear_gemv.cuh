// SPDX-License-Identifier: Apache-2.0
// Idea: up to 8 rows of x. No two blocks share a tile, and no tile waits for another:
// - A block computes 16 rows of w; its four warps take every fourth chunk of the columns and meet
//   in shared memory once a tile, in a fixed order.
// - Every warp has a ring of its own, filled by bulk copies (a lane a row) that complete on a
//   barrier a stage: nothing in the main loop waits for another warp.
// - Weights do not depend on the kernel before: the ring is filled before wait_for_previous().
//   Blocks fill the multiprocessors, so that the next kernel's take their places one by one and
//   fetch while the last of these still run.
// - Tensor cores multiply even one token: rows of w are the 16 side of m16n8k16, tokens the 8 side.
//   The order of k inside a product is free as long as both sides agree; a lane takes the 8
//   neighbours [8t, 8t + 8) of 32 columns as two products' fragments, so w leaves shared memory and
//   x leaves L1 16 bytes at a time without any shuffle.
// - Gated: a tile is 8 gate rows and their 8 up rows.
#pragma once
#include "fk/cuda.hpp"
#include "fk/device/bulk.cuh"
#include "fk/device/pdl.cuh"
#include "fk/device/vec.cuh"
#include "linear_skinny.hpp"

namespace fk::cuda {
namespace gemv {

using device::Barrier;

constexpr int kWarps = 4, kRows = 16, kStages = 3, kPartPitch = kRows + 4;

// Bytes. The padding puts the rows of a quarter warp's read into different banks.
template <int Chunk>
struct Sizes {
  static constexpr int kPitch = 2 * Chunk + 64, kStage = kRows * kPitch;
  static constexpr int kRing = kWarps * kStages * kStage;
  static constexpr int kShared = kRing + kWarps * 8 * kPartPitch * 4;
};

struct Params {
  const void *w, *x, *bias;
  void* y;
  int64_t ldw, ldx, ldy;
  int m, outputs, k;
  bool y_float;
};

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
template <class T, int Chunk, bool Gated>
class Ring {
 public:
  using S = Sizes<Chunk>;
  // The warp's chunks of a tile are warp, warp + kWarps, ...; its tiles tile, tile + step, ...
  __device__ Ring(uint32_t base, uint64_t* barriers, const Params& p, int warp, int tile, int step)
      : base_(base),
        barriers_(barriers),
        lane_(int(threadIdx.x % 32)),
        p_(p),
        chunks_((p.k + Chunk - 1) / Chunk),
        first_(warp),
        tile_(tile),
        step_(step),
        chunk_(warp),
        policy_(device::evict_first()) {
    if (lane_ == 0) {
      for (int s = 0; s < kStages; ++s) Barrier(barriers_ + s).init(1);
      device::fence_barrier_init();
    }
    __syncwarp();
  }
  __device__ uint32_t stage(int s) const { return base_ + uint32_t(s * S::kStage); }
  __device__ Barrier full(int s) const { return Barrier(barriers_ + s); }
  __device__ void fetch() {
    constexpr int kOutputs = Gated ? kRows / 2 : kRows;
    const int output = tile_ * kOutputs;
    if (first_ >= chunks_ || output >= p_.outputs) return;
    const int column = chunk_ * Chunk, outputs = min(kOutputs, p_.outputs - output);
    const uint32_t bytes = 2u * uint32_t(min(Chunk, p_.k - column));
    if (lane_ == 0) full(next_).arrive_expecting(bytes * uint32_t(Gated ? 2 * outputs : outputs));
    __syncwarp();
    const int in_half = Gated ? lane_ % kOutputs : lane_, half = Gated ? lane_ / kOutputs : 0;
    if (lane_ < kRows && in_half < outputs) {
      const int64_t row = int64_t(half) * p_.outputs + output + in_half;
      device::bulk_load(stage(next_) + uint32_t(lane_ * S::kPitch),
                        static_cast<const T*>(p_.w) + row * p_.ldw + column, bytes, full(next_),
                        policy_);
    }
    next_ = next_ + 1 == kStages ? 0 : next_ + 1;
    chunk_ += kWarps;
    if (chunk_ >= chunks_) chunk_ = first_, tile_ += step_;
  }

 private:
  const uint32_t base_;
  uint64_t* const barriers_;
  const int lane_;
  const Params& p_;
  const int chunks_, first_;
  int tile_;
  const int step_;
  int chunk_, next_ = 0;
  const uint64_t policy_;
};

// acc += one chunk: 32 columns a step, x for a group of steps in registers before w is waited for.
// Two chains of sums, which need not wait for each other.
template <class T, int Chunk, bool Full>
__device__ inline void multiply_chunk(float (&acc)[2][4], const T* x, int column, int k,
                                      uint32_t stage, Barrier full, uint32_t parity) {
  constexpr int kSteps = Chunk / 32, kGroup = kSteps < 16 ? kSteps : 16;
  const int g = int(threadIdx.x % 32) / 4, t = int(threadIdx.x % 4);
  const uint32_t w = stage + uint32_t(g * Sizes<Chunk>::kPitch + t * 16);
#pragma unroll
  for (int s0 = 0; s0 < kSteps; s0 += kGroup) {
    uint4 b[kGroup];
#pragma unroll
    for (int s = 0; s < kGroup; ++s) {
      const int at = column + (s0 + s) * 32;
      b[s] = Full || at + 8 * t < k ? *reinterpret_cast<const uint4*>(x + at) : uint4{};
    }
    if (s0 == 0) full.wait(parity);
#pragma unroll
    for (int s = 0; s < kGroup; ++s) {
      const uint32_t from = w + uint32_t((s0 + s) * 64);
      uint4 low{}, high{};  // rows g and g + 8; what lies behind k was never copied
      if (Full || column + (s0 + s) * 32 + 8 * t < k) {
        low = load_shared(from);
        high = load_shared(from + uint32_t(8 * Sizes<Chunk>::kPitch));
      }
      multiply(acc[0], low.x, high.x, low.y, high.y, b[s].x, b[s].y, T());
      multiply(acc[1], low.z, high.z, low.w, high.w, b[s].z, b[s].w, T());
    }
  }
}

// Adds the warps' parts of a tile and stores it.
template <class T, bool Gated>
__device__ inline void finish_tile(const Params& p, const float* part, int tile) {
  constexpr int kOutputs = Gated ? kRows / 2 : kRows;
  const int i = int(threadIdx.x), token = i / kOutputs, in_tile = i % kOutputs;
  const int row = tile * kOutputs + in_tile;
  if (token >= p.m || row >= p.outputs) return;
  auto sum = [&](int at, int weight_row) {
    float v = 0;
#pragma unroll
    for (int w = 0; w < kWarps; ++w) v += part[(w * 8 + token) * kPartPitch + at];
    return p.bias ? v + device::to_float(static_cast<const T*>(p.bias)[weight_row]) : v;
  };
  float v = sum(in_tile, row);
  if constexpr (Gated)
    v = __fdividef(v, 1.f + __expf(-v)) * sum(kOutputs + in_tile, p.outputs + row);
  if (p.y_float)
    static_cast<float*>(p.y)[token * p.ldy + row] = v;
  else
    static_cast<T*>(p.y)[token * p.ldy + row] = device::from_float<T>(v);
}

template <class T, int Chunk, bool Gated>
__global__ void __launch_bounds__(32 * kWarps)
    linear_gemv_kernel(const __grid_constant__ Params p) {
  extern __shared__ __align__(128) uint8_t shared[];
  __shared__ uint64_t barriers[kWarps][kStages];
  const int warp = int(threadIdx.x) / 32, g = int(threadIdx.x % 32) / 4, t = int(threadIdx.x % 4);
  const int outputs = Gated ? kRows / 2 : kRows, tiles = (p.outputs + outputs - 1) / outputs;
  const int chunks = (p.k + Chunk - 1) / Chunk;
  using S = Sizes<Chunk>;
  Ring<T, Chunk, Gated> ring(device::shared_address(shared) + uint32_t(warp * kStages * S::kStage),
                             barriers[warp], p, warp, int(blockIdx.x), int(gridDim.x));
#pragma unroll
  for (int s = 0; s < kStages; ++s) ring.fetch();
  device::launch_next();
  device::wait_for_previous();

  // Columns of a product that belong to no token repeat the last one and are not stored.
  const T* x = static_cast<const T*>(p.x) + min(g, p.m - 1) * p.ldx + 8 * t;
  float* part = reinterpret_cast<float*>(shared + S::kRing);
  int at = 0;  // the stage to read, and how often the ring went round
  uint32_t parity = 0;
  for (int tile = int(blockIdx.x); tile < tiles; tile += int(gridDim.x)) {
    float acc[2][4] = {};
    for (int chunk = warp; chunk < chunks; chunk += kWarps) {
      const int column = chunk * Chunk;
      if (column + Chunk <= p.k)
        multiply_chunk<T, Chunk, true>(acc, x, column, p.k, ring.stage(at), ring.full(at), parity);
      else
        multiply_chunk<T, Chunk, false>(acc, x, column, p.k, ring.stage(at), ring.full(at), parity);
      __syncwarp();  // all lanes have read the stage
      ring.fetch();
      if (++at == kStages) at = 0, parity ^= 1;
    }
#pragma unroll
    for (int c = 0; c < 4; ++c)
      part[(warp * 8 + 2 * t + c % 2) * kPartPitch + g + c / 2 * 8] = acc[0][c] + acc[1][c];
    __syncthreads();
    finish_tile<T, Gated>(p, part, tile);
    __syncthreads();
  }
}

// Long copies, one block a multiprocessor, where it has many tiles and x costs nothing.
inline bool long_copies(const SkinnyWeight& w, int m) {
  return m <= 2 && int64_t(w.outputs) * (w.gated ? 2 : 1) >= 16384;
}

}  // namespace gemv

template <class T, bool Gated>
void prepare_linear_gemv() {
  constexpr auto kMost = cudaFuncAttributeMaxDynamicSharedMemorySize;
  FK_CUDA_CHECK(cudaFuncSetAttribute(gemv::linear_gemv_kernel<T, 256, Gated>, kMost,
                                     gemv::Sizes<256>::kShared));
  FK_CUDA_CHECK(cudaFuncSetAttribute(gemv::linear_gemv_kernel<T, 512, Gated>, kMost,
                                     gemv::Sizes<512>::kShared));
}

template <class T, bool Gated>
void launch_linear_gemv(const SkinnyWeight& w, const SkinnyArgs& a, int sms, cudaStream_t stream) {
  const gemv::Params p{.w = w.data,
                       .x = a.x,
                       .bias = a.bias,
                       .y = a.y,
                       .ldw = w.ldw,
                       .ldx = a.ldx,
                       .ldy = a.ldy,
                       .m = a.m,
                       .outputs = w.outputs,
                       .k = w.k,
                       .y_float = a.y_float};
  const int outputs = Gated ? gemv::kRows / 2 : gemv::kRows;
  const int tiles = (w.outputs + outputs - 1) / outputs;
  const auto run = [&](auto kernel, int shared, int each) {
    launch(kernel, unsigned(std::min(tiles, each * sms)), 32 * gemv::kWarps, size_t(shared), stream,
           true, p);
  };
  if (gemv::long_copies(w, a.m))
    run(gemv::linear_gemv_kernel<T, 512, Gated>, gemv::Sizes<512>::kShared, 1);
  else
    run(gemv::linear_gemv_kernel<T, 256, Gated>, gemv::Sizes<256>::kShared, 2);
}

}  // namespace fk::cuda
