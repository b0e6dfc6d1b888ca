// SPDX-License-Identifier: Apache-2.0
// y[m][n] = x[m][k] * w[n][k]^T (+ bias[n]) for few rows of x and so few rows of w that not every
// multiprocessor gets a tile of 64.
//
// - A tile is as many rows of w as give every multiprocessor one, from 40 to 64: qkv_proj's 6144
//   rows are 128 tiles of 48. wgmma takes 64 all the same; what lies behind a tile's rows in shared
//   memory gives sums that nobody stores.
// - So a block has all of k and nothing to share. Where tiles of 64 are still too few, a cluster
//   splits k: every block finishes some of the tokens, whose sums the others send into its shared
//   memory, where a barrier counts their bytes.
// - y leaves through shared memory, 16 bytes a thread: a warp's accumulators are 8 rows of 8 tokens
//   each, which as they are go out in halves of sectors.
// - A stage is 128 columns: half as many barriers as with 64.
// - w and x have rings of their own: w's is filled before the kernel before has ended. But what is
//   asked of TMA is served in its turn: no more of w may be on its way than memory needs to be
//   busy, or x, which is asked for last, comes last.
// - A box of x is as many rows as there are: those beyond x would load at half the speed.
//
// One H200, bfloat16, us a product with a tiny kernel before each, weights from memory, for
// (n, k) = (6144, 4096) · (4096, 4096) · (4096, 14336):
//                                                    32 tokens             64 tokens
//   cuBLASLt, the best of 32                         17.2 · 13.4 · 33.5    17.1 · 12.8 · 35.3
//   the baseline, tiles of 128 rows                  16.0 · 12.1 · 33.8    17.5 · 13.4 · 35.9
//   tiles of 48 · 64 · 64 rows, one ring, y as it is 15.3 ·  --  · 30.4    15.7 · 12.6 · 32.7
//   y through shared memory                          15.1 · 11.6 ·  --     15.4 · 13.0 ·  --
//   a box of x by multicast to two blocks            15.8 ·  --  ·  --     16.5 ·  --  ·  --
//   two rings, w as far ahead as there is room       17.3 · 12.9 · 32.8    17.6 · 13.9 · 34.2
//   at most 48 KB of w on its way                    14.0 · 10.7 · 30.6    14.9 · 12.4 · 32.7
//   sums sent without a fence                        13.9 · 10.3 · 30.1    14.9 · 12.1 · 33.2
// The four products of a layer with the baseline's gate and up, 8 · 32 · 64 tokens: 110.9 · 112.6 ·
// 119.6, where the baseline takes 118.2 · 126.3 · 127.3 and cuBLASLt 126.3 · 129.0 · 132.1.
// Of 64 tokens o_proj takes 11.9 with five stages of x, and qkv_proj 15.0. Tables in place of the
// divisions by the number of blocks: no difference.
#pragma once
#include <cooperative_groups.h>

#include "../../../baselines/cuda/linear_skinny.hpp"
#include "fk/cuda.hpp"
#include "fk/device/pdl.cuh"
#include "fk/device/tma.cuh"
#include "fk/device/vec.cuh"
#include "fk/device/wgmma.cuh"
#include "fk/tensor_map.hpp"

namespace narrow {

using fk::device::Barrier;

constexpr int kMostTokens = 64;
constexpr int kBox = 64, kBoxes = 2;  // columns of a box, boxes of x and of w in a stage
// A warpgroup, and a producer for each operand.
constexpr int kConsumers = 128, kThreads = kConsumers + 64;
constexpr int kMostStages = 24, kTokenStages = 6, kMostSplit = 8;
constexpr int kInFlight = 48 * 1024;  // bytes of w
constexpr int kShared = 224 * 1024;   // a block a multiprocessor

// How w [n, k] is cut: rows a tile, and blocks that share one.
struct Layout {
  int rows, split;
};
// What makes the longest block shortest; of equals the taller tile, which reads x less often.
inline Layout layout_of(int n, int k, int sms) {
  const int steps = (k + kBox * kBoxes - 1) / (kBox * kBoxes);
  Layout best{64, 1};
  int64_t least = INT64_MAX;
  for (int rows = 64; rows >= 40; rows -= 8) {
    const int tiles = (n + rows - 1) / rows;
    const int split = std::clamp(std::min(sms / tiles, steps / 4), 1, kMostSplit);
    const int64_t longest =
        int64_t(rows) * ((steps + split - 1) / split) * ((int64_t(tiles) * split + sms - 1) / sms);
    if (longest < least) best = {rows, split}, least = longest;
  }
  return best;
}

// A weight as the kernel reads it: 16-bit elements, w and ldw * 2 bytes multiples of 16, k of 8.
struct Weight {
  CUtensorMap map;
  Layout layout;
  fk_dtype dtype;
  int n, k;

  static Weight make(fk_dtype dtype, const void* w, int64_t ldw, int n, int k, Layout layout) {
    return {fk::make_tensor_map(dtype, w, {cuuint64_t(k), cuuint64_t(n)}, {cuuint64_t(ldw) * 2},
                                {kBox, cuuint32_t(layout.rows)}),
            layout, dtype, n, k};
  }
};

struct Args {
  const void *x, *bias;  // w's type; x and ldx * 2 bytes are multiples of 16; bias may be null
  void* y;               // float if y_float, else w's type
  int64_t ldx, ldy;      // elements
  int m;                 // from 1 to kMostTokens
  bool y_float;
};

struct Params {
  const void* bias;
  void* y;
  int64_t ldy;
  int m, n, rows;
  int stages, in_flight;  // of w
  bool y_float, aligned;  // aligned: rows of y begin at multiples of 16 bytes
  // The block of rank r in a cluster adds up the steps [step[r], step[r + 1]) of k and finishes the
  // pieces [piece[r], piece[r + 1]) of eight tokens; piece j is block owner[j]'s. most: pieces of
  // the block that has the most.
  int step[kMostSplit + 1];
  int8_t piece[kMostSplit + 1], owner[kMostTokens / 8], most;

  // Bytes of a stage of w and of x, whose rows are filled up to 8.
  __host__ __device__ int stage_w() const { return kBoxes * rows * 128; }
  __host__ __device__ int stage_x() const { return kBoxes * ((m + 7) / 8 * 8) * 128; }
};

// What a block has in shared memory, from a multiple of 1024 bytes on: w's ring, x's and the sums
// of other blocks. wgmma reads 64 rows of w and `Tokens` of x whatever there is: x behind w, and
// what lies behind x.
struct Shared {
  uint32_t w, x;
  uint64_t *full_w, *empty_w, *full_x, *empty_x, *received;
};

// That this block has begun; fence_barrier_init() has published its barriers. A release, which
// CUDA's own cluster.sync() has, would wait for memory.
__device__ inline void cluster_arrive() {
  asm volatile("barrier.cluster.arrive.relaxed;" ::: "memory");
}
__device__ inline void cluster_wait() {
  asm volatile("barrier.cluster.wait.acquire;" ::: "memory");
}
// v to the address `to` of block `rank` of the cluster, counted by the barrier that lies at `done`
// there.
__device__ inline void send(uint32_t to, const float4& v, const Barrier& done, uint32_t rank) {
  asm volatile(
      "{\n"
      ".reg .b32 there, counter;\n"
      "mapa.shared::cluster.u32 there, %0, %6;\n"
      "mapa.shared::cluster.u32 counter, %5, %6;\n"
      "st.async.shared::cluster.mbarrier::complete_tx::bytes.v4.f32 [there], {%1, %2, %3, %4}, "
      "[counter];\n"
      "}\n" ::"r"(to),
      "f"(v.x), "f"(v.y), "f"(v.z), "f"(v.w), "r"(done.address()), "r"(rank)
      : "memory");
}
__device__ inline void sync_consumers() {
  asm volatile("bar.sync 1, %0;" ::"n"(kConsumers) : "memory");
}

// A stage of a ring and the parity of the phase in which its content was read.
struct Place {
  int stage = 0;
  uint32_t parity = 0;
  __device__ void next(int stages) {
    if (++stage == stages) stage = 0, parity ^= 1;
  }
};

// One thread each fills a ring with the steps [begin, end) of a tile.
__device__ inline void produce_w(const CUtensorMap& w, const Params& p, const Shared& s, int tile,
                                 int begin, int end) {
  const uint64_t policy = fk::device::evict_first();
  const auto load = [&](int step, int stage) {
    const Barrier done(s.full_w + stage);
    done.arrive_expecting(uint32_t(p.stage_w()));
#pragma unroll
    for (int b = 0; b < kBoxes; ++b)
      fk::device::load_box(s.w + uint32_t(stage * p.stage_w() + b * p.rows * 128), w,
                           (step * kBoxes + b) * kBox, tile * p.rows, done, policy);
  };
  fk::device::launch_next();
  Place at, landed;
  for (int step = begin; step < end; ++step, at.next(p.stages)) {
    if (step - begin >= p.in_flight) {
      Barrier(s.full_w + landed.stage).wait(landed.parity);
      landed.next(p.stages);
    }
    Barrier(s.empty_w + at.stage).wait(at.parity ^ 1);
    load(step, at.stage);
  }
}
__device__ inline void produce_x(const CUtensorMap& x, const Params& p, const Shared& s, int begin,
                                 int end) {
  const uint64_t policy = fk::device::evict_last();
  fk::device::launch_next();
  fk::device::wait_for_previous();
  Place at;
  for (int step = begin; step < end; ++step, at.next(kTokenStages)) {
    Barrier(s.empty_x + at.stage).wait(at.parity ^ 1);
    const Barrier done(s.full_x + at.stage);
    done.arrive_expecting(uint32_t(kBoxes * p.m * 128));
#pragma unroll
    for (int b = 0; b < kBoxes; ++b)
      fk::device::load_box(s.x + uint32_t(at.stage * p.stage_x() + b * (p.stage_x() / kBoxes)), x,
                           (step * kBoxes + b) * kBox, 0, done, policy);
  }
}

// d = the tile's sum over the steps [begin, end).
template <class T, int Tokens>
__device__ inline void consume(float (&d)[Tokens / 2], const Params& p, const Shared& s, int begin,
                               int end) {
#pragma unroll
  for (int j = 0; j < Tokens / 2; ++j) d[j] = 0;
  const auto release = [&](const Place& w, const Place& x) {
    if (threadIdx.x % 32 == 0) {
      Barrier(s.empty_w + w.stage).arrive();
      Barrier(s.empty_x + x.stage).arrive();
    }
  };
  Place w, x, held_w, held_x;  // held: those whose product may still be running
  for (int step = begin; step < end; ++step) {
    Barrier(s.full_w + w.stage).wait(w.parity);
    Barrier(s.full_x + x.stage).wait(x.parity);
    const uint32_t at_w = s.w + uint32_t(w.stage * p.stage_w());
    const uint32_t at_x = s.x + uint32_t(x.stage * p.stage_x());
    fk::device::wgmma_pin(d);
    fk::device::wgmma_fence();
#pragma unroll
    for (int box = 0; box < kBoxes; ++box) {
      const uint64_t a = fk::device::wgmma_operand(at_w + uint32_t(box * p.rows * 128));
      const uint64_t b = fk::device::wgmma_operand(at_x + uint32_t(box * (p.stage_x() / kBoxes)));
#pragma unroll
      for (int i = 0; i < kBox / 16; ++i) fk::device::wgmma(d, a + 2 * i, b + 2 * i, true, T());
    }
    fk::device::wgmma_commit();
    fk::device::wgmma_wait<1>();
    if (step > begin) release(held_w, held_x);
    held_w = w, held_x = x;
    w.next(p.stages), x.next(kTokenStages);
  }
  fk::device::wgmma_wait<0>();
  fk::device::wgmma_pin(d);
}

// Adds to d's pieces of eight tokens that this block finishes what the others of the cluster have
// of them, by way of `inbox` [split][p.most][kConsumers], in the order of their ranks: the same
// input gives the same bits.
template <int Tokens>
__device__ inline void exchange(float (&d)[Tokens / 2], const Params& p, const Shared& s,
                                const float4* inbox, int split, int rank) {
  const int t = int(threadIdx.x);
  const auto at = [&](int from, int j) {
    return inbox + (from * p.most + j - p.piece[p.owner[j]]) * kConsumers + t;
  };
  const Barrier received(s.received);
  cluster_wait();  // the others have begun, so that they can be sent to
#pragma unroll
  for (int j = 0; j < Tokens / 8; ++j)
    if (p.owner[j] != rank)
      send(fk::device::shared_address(at(rank, j)),
           make_float4(d[4 * j], d[4 * j + 1], d[4 * j + 2], d[4 * j + 3]), received,
           uint32_t(p.owner[j]));
  received.wait(0);
#pragma unroll
  for (int j = 0; j < Tokens / 8; ++j) {
    if (p.owner[j] != rank) continue;
    float4 sum = make_float4(0, 0, 0, 0);
    for (int b = 0; b < split; ++b) {
      const float4 v =
          b == rank ? make_float4(d[4 * j], d[4 * j + 1], d[4 * j + 2], d[4 * j + 3]) : *at(b, j);
      sum.x += v.x, sum.y += v.y, sum.z += v.z, sum.w += v.w;
    }
    d[4 * j] = sum.x, d[4 * j + 1] = sum.y, d[4 * j + 2] = sum.z, d[4 * j + 3] = sum.w;
  }
}

// The pieces [first, last) of d to y by way of `out`, which nobody reads any more. By the
// consumers.
template <class T, class Y, int Tokens>
__device__ inline void store(const Params& p, const float (&d)[Tokens / 2], int tile, int first,
                             int last, Y* out) {
  constexpr int kVector = 16 / sizeof(Y), kPitch = 64 + kVector;
  const int t = int(threadIdx.x), row0 = tile * p.rows, rows = min(p.rows, p.n - row0);
  const T* bias = static_cast<const T*>(p.bias);
  const int in = t / 32 * 16 + t % 32 / 4;  // and 8 further on
  float add[2] = {};
  if (bias) {
    if (in < rows) add[0] = fk::device::to_float(bias[row0 + in]);
    if (in + 8 < rows) add[1] = fk::device::to_float(bias[row0 + in + 8]);
  }
  sync_consumers();
#pragma unroll
  for (int j = 0; j < Tokens / 8; ++j) {
    if (j < first || j >= last) continue;
#pragma unroll
    for (int c = 0; c < 4; ++c)
      out[(j * 8 + t % 4 * 2 + c % 2) * kPitch + in + c / 2 * 8] =
          fk::device::from_float<Y>(d[4 * j + c] + add[c / 2]);
  }
  sync_consumers();
  constexpr int kSlots = 64 / kVector;  // threads that write a token's rows
  const int at = t % kSlots * kVector;
  if (at >= rows) return;
  Y* y = static_cast<Y*>(p.y) + row0 + at;
  const int end = min(p.m, last * 8);
  for (int token = first * 8 + t / kSlots; token < end; token += kConsumers / kSlots) {
    const Y* from = out + token * kPitch + at;
    if (p.aligned && at + kVector <= rows) {
      *reinterpret_cast<uint4*>(y + token * p.ldy) = *reinterpret_cast<const uint4*>(from);
    } else {
      for (int i = 0; i < min(kVector, rows - at); ++i) y[token * p.ldy + i] = from[i];
    }
  }
}

template <class T, int Tokens>
__global__ void __launch_bounds__(kThreads, 1)
    kernel(const __grid_constant__ CUtensorMap w, const __grid_constant__ CUtensorMap x,
           const __grid_constant__ Params p) {
  extern __shared__ uint8_t shared[];
  __shared__ uint64_t barriers[2 * (kMostStages + kTokenStages) + 1];
  auto cluster = cooperative_groups::this_cluster();
  const int split = int(cluster.num_blocks()), rank = int(cluster.block_rank());
  const int t = int(threadIdx.x), begin = p.step[rank], end = p.step[rank + 1];
  int tile;
  asm("mov.u32 %0, %%clusterid.x;" : "=r"(tile));
  const uint32_t base = fk::device::shared_address(shared);
  Shared s;
  s.w = (base + 1023u) & ~1023u, s.x = s.w + uint32_t(p.stages * p.stage_w());
  s.full_w = barriers, s.empty_w = s.full_w + kMostStages;
  s.full_x = s.empty_w + kMostStages, s.empty_x = s.full_x + kTokenStages;
  s.received = s.empty_x + kTokenStages;
  if (t == kConsumers) {
    for (int i = 0; i < p.stages; ++i) {
      Barrier(s.full_w + i).init(1);
      Barrier(s.empty_w + i).init(kConsumers / 32);
    }
    for (int i = 0; i < kTokenStages; ++i) {
      Barrier(s.full_x + i).init(1);
      Barrier(s.empty_x + i).init(kConsumers / 32);
    }
    const Barrier received(s.received);
    received.init(1);
    received.arrive_expecting(
        uint32_t((p.piece[rank + 1] - p.piece[rank]) * (split - 1) * kConsumers * 16));
    fk::device::fence_barrier_init();
  }
  __syncthreads();
  if (split > 1) cluster_arrive();
  float d[Tokens / 2];
  if (t < kConsumers) {
    fk::device::launch_next();
    fk::device::wait_for_previous();
    consume<T, Tokens>(d, p, s, begin, end);
  } else if (t == kConsumers) {
    produce_w(w, p, s, tile, begin, end);
  } else if (t == kConsumers + 32) {
    produce_x(x, p, s, begin, end);
  }
  uint8_t* const ring = shared + (s.w - base);
  if (t >= kConsumers) {
    if (split > 1) cluster_wait();
    return;
  }
  if (split > 1) {
    const uint8_t* inbox = ring + p.stages * p.stage_w() + kTokenStages * p.stage_x();
    exchange<Tokens>(d, p, s, reinterpret_cast<const float4*>(inbox), split, rank);
  }
  const int first = p.piece[rank], last = p.piece[rank + 1];
  if (p.y_float)
    store<T, float, Tokens>(p, d, tile, first, last, reinterpret_cast<float*>(ring));
  else
    store<T, T, Tokens>(p, d, tile, first, last, reinterpret_cast<T*>(ring));
}

template <class T, int Tokens>
void prepare() {
  const auto f = kernel<T, Tokens>;
  FK_CUDA_CHECK(cudaFuncSetAttribute(f, cudaFuncAttributeMaxDynamicSharedMemorySize, kShared));
  FK_CUDA_CHECK(cudaFuncSetAttribute(f, cudaFuncAttributePreferredSharedMemoryCarveout,
                                     cudaSharedmemCarveoutMaxShared));
}
// Once a device before the first launch, outside a capture.
template <class T>
void prepare() {
  prepare<T, 16>(), prepare<T, 32>(), prepare<T, 64>();
}

template <class T, int Tokens>
void launch(const Weight& w, const Args& a, cudaStream_t stream) {
  const int split = w.layout.split, rows = w.layout.rows;
  const CUtensorMap x = fk::make_tensor_map(w.dtype, a.x, {cuuint64_t(w.k), cuuint64_t(a.m)},
                                            {cuuint64_t(a.ldx) * 2}, {kBox, cuuint32_t(a.m)});
  const int64_t element = a.y_float ? 4 : 2;
  constexpr int kPieces = Tokens / 8;
  const int steps = (w.k + kBox * kBoxes - 1) / (kBox * kBoxes);
  Params p{.bias = a.bias,
           .y = a.y,
           .ldy = a.ldy,
           .m = a.m,
           .n = w.n,
           .rows = rows,
           .y_float = a.y_float,
           .aligned = reinterpret_cast<uintptr_t>(a.y) % 16 == 0 &&
                      (a.m < 2 || a.ldy * element % 16 == 0)};
  for (int r = 0; r <= split; ++r) {
    p.step[r] = steps * r / split, p.piece[r] = int8_t(kPieces * r / split);
    for (int j = p.piece[r]; j < kPieces; ++j) p.owner[j] = int8_t(std::min(r, split - 1));
    if (r > 0) p.most = std::max(p.most, int8_t(p.piece[r] - p.piece[r - 1]));
  }
  const int inbox = split > 1 ? split * p.most * kConsumers * 16 : 0;
  const int beyond = std::max(0, Tokens * 128 - p.stage_x() / kBoxes);  // the last stage's x
  const int others = kTokenStages * p.stage_x() + std::max(inbox, beyond) + 1024;
  p.stages = std::min(kMostStages, (kShared - others) / p.stage_w());
  p.in_flight = std::clamp(kInFlight / p.stage_w(), 2, p.stages);
  fk::launch_clusters(kernel<T, Tokens>, unsigned(split), unsigned((w.n + rows - 1) / rows * split),
                      kThreads, kShared, stream, true, w.map, x, p);
}
template <class T>
void launch(const Weight& w, const Args& a, cudaStream_t stream) {
  const auto f = a.m <= 16 ? launch<T, 16> : a.m <= 32 ? launch<T, 32> : launch<T, 64>;
  f(w, a, stream);
}

}  // namespace narrow
