// SPDX-License-Identifier: Apache-2.0
// rotary_embedding and store_kvcache of many tokens (sm_90). Blocks stay and take token after
// token: one warp copies whole rows of q, k, v and the table into a ring in shared memory and, when
// the others have rotated them there, back and into the cache, so that every access to memory is of
// kilobytes and loads never wait for stores.
//
// One H200, Llama-3.1-8B in bfloat16, us for 512 · 2048 · 8192 tokens (bench_gpu_pointwise); a copy
// of as many bytes takes 4.9 · 14.7 · 54.0, the table's rows among them:
//   a block a token (rope_store.cuh)           5.9 · 16.6 · 59.4
//   ring of 4, 160 threads, 4 blocks           5.7 · 15.0 · 59.7
//   the same with 64 threads, with 320         5.7 · 14.9 · 59.6, 7.5 · 18.2 · 67.7
//   ring of 6, 160 threads, 2 blocks           5.0 · 15.7 · 60.0
//   ring of 16, 320 threads, 1 block           5.2 · 15.4 · 59.4
//   ring of 8, 320 threads, 2 blocks (taken)   5.2 · 15.4 · 59.2
// A warp's arrival in place of every thread's is no faster.
#pragma once
#include <algorithm>

#include "fk/device/bulk.cuh"
#include "rope_store.cuh"

namespace fk::cuda {

// A token in shared memory: its row of the table, then of q, k and v, in bytes.
struct RopeStage {
  uint32_t table, q, kv;
  template <class T>
  __host__ __device__ static RopeStage of(const RopeStoreArgs<T>& a) {
    return {2 * a.pairs * uint32_t(sizeof(float)), a.q_heads * a.size * uint32_t(sizeof(T)),
            a.kv_heads * a.size * uint32_t(sizeof(T))};
  }
  __host__ __device__ uint32_t bytes() const { return table + q + 2 * kv; }
};

// Of a block: threads beside the warp that copies, tokens in its ring at most, and what that may
// take.
inline constexpr uint32_t kRopeRotating = 320, kRopeRing = 8, kRopeShared = 110 << 10;

// `ring`: tokens in shared memory, at least 2.
template <class T, bool kNeox>
__global__ void __launch_bounds__(32 + kRopeRotating)
    rope_store_many_kernel(RopeStoreArgs<T> a, uint32_t tokens, uint32_t ring) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
  extern __shared__ __align__(128) uint8_t stages[];
  __shared__ uint64_t full_at[kRopeRing], rotated_at[kRopeRing];
  const RopeStage stage = RopeStage::of(a);
  const auto full = [&](uint32_t i) { return device::Barrier(full_at + i % ring); };
  const auto rotated = [&](uint32_t i) { return device::Barrier(rotated_at + i % ring); };
  const auto in = [&](uint32_t i) { return stages + i % ring * stage.bytes(); };
  const uint32_t mine = (tokens - blockIdx.x + gridDim.x - 1) / gridDim.x;
  if (threadIdx.x == 0) {
    for (uint32_t i = 0; i < ring; ++i) full(i).init(1), rotated(i).init(kRopeRotating);
    device::fence_barrier_init();
  }
  __syncthreads();
  device::launch_next();

  if (threadIdx.x < 32) {
    // A lane holds what the step says of one of the next 32 tokens.
    uint32_t row = 0, known = 0;
    const auto load = [&](uint32_t i) {
      if (i >= mine) return;
      if (i >= known) {
        const uint32_t ahead = known + threadIdx.x;
        if (ahead < mine)
          row = uint32_t(table_row(a.positions[blockIdx.x + ahead * gridDim.x], a.last_position));
        known += 32;
      }
      const uint32_t of = __shfl_sync(0xffffffff, row, i % 32);
      if (threadIdx.x == 0) {
        const uint64_t token = blockIdx.x + uint64_t(i) * gridDim.x;
        const uint32_t to = device::shared_address(in(i));
        const uint64_t once = device::evict_first(), kept = device::evict_normal();
        full(i).arrive_expecting(stage.bytes());
        device::bulk_load(to, a.table + uint64_t(of) * 2 * a.pairs, stage.table, full(i), kept);
        device::bulk_load(to + stage.table, a.q + token * a.q_row, stage.q, full(i), once);
        device::bulk_load(to + stage.table + stage.q, a.k + token * a.k_row, stage.kv, full(i),
                          once);
        device::bulk_load(to + stage.table + stage.q + stage.kv, a.v + token * a.v_row, stage.kv,
                          full(i), once);
      }
    };
    int64_t slot = 0;
    const auto store = [&](uint32_t i) {
      if (i % 32 == 0 && i + threadIdx.x < mine)
        slot = a.slots[blockIdx.x + (i + threadIdx.x) * gridDim.x];
      const int64_t at = __shfl_sync(0xffffffff, slot, i % 32);
      rotated(i).wait(i / ring & 1);
      if (threadIdx.x == 0) {
        const uint64_t token = blockIdx.x + uint64_t(i) * gridDim.x;
        const uint32_t from = device::shared_address(in(i)) + stage.table;
        device::bulk_store(a.q + token * a.q_row, from, stage.q);
        device::bulk_store(a.k + token * a.k_row, from + stage.q, stage.kv);
        if (at >= 0 && at < a.slot_count) {
          device::bulk_store(a.key.row(uint32_t(at), a.block_size), from + stage.q, stage.kv);
          device::bulk_store(a.value.row(uint32_t(at), a.block_size), from + stage.q + stage.kv,
                             stage.kv);
        }
        device::commit_stores();
      }
    };
    device::wait_for_previous();
    for (uint32_t i = 0; i < ring; ++i) load(i);
    for (uint32_t i = 0; i < mine; ++i) {
      store(i);
      // What the token before this one lay in is read by now, or nearly.
      if (i > 0) {
        if (threadIdx.x == 0) device::wait_stores_read<1>();
        __syncwarp();
        load(i - 1 + ring);
      }
    }
    if (threadIdx.x == 0) device::wait_stores();
    return;
  }

  const uint32_t each = a.pairs / 8, at = threadIdx.x - 32;
  const uint32_t first = at % each * 8, heads = a.q_heads + a.kv_heads;
  for (uint32_t i = 0; i < mine; ++i) {
    full(i).wait(i / ring & 1);
    Angles<8> angles;
    angles.read(reinterpret_cast<const float*>(in(i)) + first, a.pairs);
    T* const rows = reinterpret_cast<T*>(in(i) + stage.table);
    for (uint32_t head = at / each; head < heads; head += kRopeRotating / each) {
      HeadPairs<T, 8, kNeox> x;
      x.read(rows + head * a.size, first, a.pairs);
      x.rotate(angles);
      x.write(rows + head * a.size, first, a.pairs);
    }
    device::fence_shared_for_tma();
    rotated(i).arrive();
  }
#endif
}

// Whether this kernel is the one: rows of q, k, v and the cache are whole (a head behind the
// other), a thread stays at the same pairs of every head, and the card's code is not that of older
// ones.
template <class T>
bool launch_rope_store_many(const RopeStoreArgs<T>& a, int64_t tokens, bool neox,
                            int multiprocessors, cudaStream_t stream) {
  const uint32_t bytes = RopeStage::of(a).bytes();
  const uint32_t ring = std::min(kRopeRing, kRopeShared / bytes);
  if (a.q_head != a.size || a.k_head != a.size || a.v_head != a.size || a.key.head != a.size ||
      a.value.head != a.size || a.pairs == 0 || kRopeRotating % (a.pairs / 8) || ring < 2)
    return false;
  const auto kernel = neox ? rope_store_many_kernel<T, true> : rope_store_many_kernel<T, false>;
  static const bool here = [&] {
    cudaFuncAttributes of{};
    check_cuda(cudaFuncGetAttributes(&of, kernel), "asking for a kernel's code");
    return of.binaryVersion >= 90;
  }();
  if (!here) return false;
  const size_t shared = size_t(ring) * bytes;
  check_cuda(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(shared)),
             "asking for shared memory");
  launch(kernel, dim3(uint32_t(std::min<int64_t>(tokens, 2 * multiprocessors))),
         dim3(32 + kRopeRotating), shared, stream, true, a, uint32_t(tokens), ring);
  return true;
}

// `vectors`: all rows begin at 16 bytes, pairs and size are multiples of 8.
template <class T>
void launch_rope_store(const RopeStoreArgs<T>& a, int64_t tokens, bool neox, bool vectors,
                       int multiprocessors, cudaStream_t stream) {
  if (tokens >= kRopeMany && vectors &&
      launch_rope_store_many(a, tokens, neox, multiprocessors, stream))
    return;
  launch_rope_store_kvcache(a, tokens, neox, vectors, stream);
}

}  // namespace fk::cuda
