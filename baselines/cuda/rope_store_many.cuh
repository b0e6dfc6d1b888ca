// SPDX-License-Identifier: Apache-2.0
// rope_store_kvcache of many tokens: a block a token, and no load waits for another but that of the
// angles for the position. A thread starts all its loads before its first store, so a block is done
// after one trip to memory and the last blocks leave no multiprocessor idle for long.
#pragma once
#include "rope_store.cuh"

namespace fk::cuda {

// What is copied: pieces of 8 elements, those of v and then the ends of heads of k that are not
// rotated.
template <class T>
struct CopiedPiece {
  const T* from;
  T* to;
  static __host__ __device__ uint32_t count(const RopeStoreArgs<T>& a) {
    return a.kv_heads * (a.size / 8) + a.kv_heads * ((a.size - 2 * a.pairs) / 8);
  }
  __device__ CopiedPiece(const RopeStoreArgs<T>& a, uint32_t token, uint32_t slot, uint32_t i) {
    const uint32_t of_v = a.kv_heads * (a.size / 8);
    const bool is_v = i < of_v;
    const uint32_t each = (is_v ? a.size : a.size - 2 * a.pairs) / 8;
    if (!is_v) i -= of_v;
    const uint32_t h = i / each, element = (i - h * each) * 8 + (is_v ? 0 : 2 * a.pairs);
    from = (is_v ? a.v + token * a.v_row + h * a.v_head : a.rows(token, a.q_heads + h)) + element;
    to = (is_v ? a.value.row(slot, a.block_size) + h * a.value.head
               : a.key.row(slot, a.block_size) + h * a.key.head) +
         element;
  }
};

// A thread has up to kTurns pieces of 8 pairs to rotate, at the same pairs of several heads, and up
// to kCopies of 8 elements to copy.
template <class T, bool kNeox, int kTurns, int kCopies>
__global__ void __launch_bounds__(512, 1) rope_store_many_kernel(RopeStoreArgs<T> a) {
  const uint32_t token = blockIdx.x, each = a.pairs / 8, apart = blockDim.x / each;
  const uint32_t heads = a.q_heads + a.kv_heads, copied = CopiedPiece<T>::count(a);
  const uint32_t head = threadIdx.x / each, first = threadIdx.x % each * 8;
  const int64_t slot = a.slots[token];  // of the step, as the position
  const int64_t position = a.positions[token];
  const bool stored = slot >= 0 && slot < a.slot_count;
  device::wait_for_previous();
  device::launch_next();

  HeadPairs<T, 8, kNeox> x[kTurns];
#pragma unroll
  for (int i = 0; i < kTurns; ++i)
    if (head + i * apart < heads) x[i].read(a.rows(token, head + i * apart), first, a.pairs);
  Elements<T, 8> y[kCopies];
  T* to[kCopies];
#pragma unroll
  for (int i = 0; i < kCopies; ++i) {
    to[i] = nullptr;
    const uint32_t at = threadIdx.x + i * blockDim.x;
    if (!stored || at >= copied) continue;
    const CopiedPiece<T> piece(a, token, uint32_t(slot), at);
    y[i].read(piece.from);
    to[i] = piece.to;
  }
  Angles<8> angles;
  angles.read(a.table + table_row(position, a.last_position) * 2 * a.pairs + first, a.pairs);

#pragma unroll
  for (int i = 0; i < kCopies; ++i)
    if (to[i]) y[i].write(to[i]);
  T* const keys = stored ? a.key.row(uint32_t(slot), a.block_size) : nullptr;
#pragma unroll
  for (int i = 0; i < kTurns; ++i) {
    const uint32_t h = head + i * apart;
    if (h >= heads) continue;
    x[i].rotate(angles);
    x[i].write(a.rows(token, h), first, a.pairs);
    if (h >= a.q_heads && keys) x[i].write(keys + (h - a.q_heads) * a.key.head, first, a.pairs);
  }
}

// For `vectors` of launch_rope_store_kvcache(); false where a block would have too many threads.
template <class T, int kTurns, int kCopies>
bool launch_rope_store_many(const RopeStoreArgs<T>& a, int64_t tokens, bool neox,
                            cudaStream_t stream) {
  const uint32_t each = a.pairs / 8, rotating = (a.q_heads + a.kv_heads) * each;
  if (each == 0 || tokens == 0) return false;
  const uint32_t wanted = std::max((rotating + kTurns - 1) / kTurns,
                                   (CopiedPiece<T>::count(a) + kCopies - 1) / kCopies);
  const uint32_t step = std::lcm(each, 32u), threads = (wanted + step - 1) / step * step;
  if (threads > 512) return false;
  const auto kernel = neox ? rope_store_many_kernel<T, true, kTurns, kCopies>
                           : rope_store_many_kernel<T, false, kTurns, kCopies>;
  launch(kernel, dim3(uint32_t(tokens)), dim3(threads), 0, stream, true, a);
  return true;
}

}  // namespace fk::cuda
