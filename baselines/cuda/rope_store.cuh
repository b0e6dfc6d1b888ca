// SPDX-License-Identifier: Apache-2.0
// rotary_embedding and store_kvcache in one launch. A block a token (several where there are few
// tokens): threads rotate kPairs pairs of a head of q or k, and who rotates k writes both the
// tensor and the cache; other threads copy v, and the end of every head of k that is not rotated. A
// thread goes on to the same pairs of other heads, so it reads their cos and sin once: before the
// kernel that writes q and k has ended, as positions and slots are the step's.
//
// For many tokens where rows are not whole, or the card is older; else rope_store_many.cuh. One
// H200, 8192 tokens of Llama-3.1-8B in bfloat16: 60.1 us, where a copy of as many bytes takes 53.1.
// A block a token with every load of a thread before its first store was slower: 66.2 (a pair and a
// piece of v a thread), 68.5 (two pairs), 65.0 (three), 66.9 us (five and two).
#pragma once
#include <numeric>

#include "rotary.cuh"

namespace fk::cuda {

inline constexpr int64_t kRopeMany = 512;  // tokens that keep the card at work by their number

template <class T>
struct RopeStoreArgs {
  const int64_t *positions, *slots;
  const float* table;
  T *q, *k;
  const T* v;
  struct Cache {
    T* data;
    int64_t block, token, head;  // strides, in elements as all of them
    __device__ T* row(uint32_t slot, uint32_t block_size) const {
      const uint32_t b = slot / block_size;
      return data + b * block + (slot - b * block_size) * token;
    }
  } key, value;
  int64_t q_row, q_head, k_row, k_head, v_row, v_head;
  int64_t last_position;
  uint32_t slot_count, block_size;
  uint32_t q_heads, kv_heads, pairs, size;  // size: of a head
  // A head of q, or of k after those of q.
  __device__ T* rows(uint32_t token, uint32_t head) const {
    return head < q_heads ? q + token * q_row + head * q_head
                          : k + token * k_row + (head - q_heads) * k_head;
  }
};

template <class T, int kPairs, bool kNeox>
__global__ void __launch_bounds__(256, 5) rope_store_kvcache_kernel(RopeStoreArgs<T> a) {
  const uint32_t token = blockIdx.x, stride = gridDim.y * blockDim.x;
  const uint32_t each = a.pairs / kPairs;  // threads a head; it divides the stride
  const uint32_t rotating = (a.q_heads + a.kv_heads) * each;
  const int64_t slot = a.slots[token];  // of the step, as the position
  const bool stored = slot >= 0 && slot < a.slot_count;
  T* const keys = stored ? a.key.row(uint32_t(slot), a.block_size) : nullptr;

  uint32_t at = blockIdx.y * blockDim.x + threadIdx.x;
  const uint32_t first = at % each * kPairs;
  Angles<kPairs> angles;
  if (at < rotating)
    angles.read(a.table + table_row(a.positions[token], a.last_position) * 2 * a.pairs + first,
                a.pairs);
  device::wait_for_previous();
  device::launch_next();
  if (at < rotating) {
    uint32_t head = at / each;
    HeadPairs<T, kPairs, kNeox> x;
    x.read(a.rows(token, head), first, a.pairs);
    while (true) {
      x.rotate(angles);
      x.write(a.rows(token, head), first, a.pairs);
      if (head >= a.q_heads && keys)
        x.write(keys + (head - a.q_heads) * a.key.head, first, a.pairs);
      at += stride, head += stride / each;
      if (at >= rotating) break;
      x.read(a.rows(token, head), first, a.pairs);
    }
  }
  if (!keys) return;
  // What is copied: `whole` pieces of v a head, then `tail` pieces of k.
  const uint32_t whole = a.size / kPairs, tail = (a.size - 2 * a.pairs) / kPairs;
  const uint32_t of_v = a.kv_heads * whole, of_k = a.kv_heads * tail;
  for (at -= rotating; at < of_v + of_k; at += stride) {
    const bool is_v = at < of_v;
    const uint32_t i = is_v ? at : at - of_v, h = i / (is_v ? whole : tail);
    const uint32_t element = (i - h * (is_v ? whole : tail)) * kPairs + (is_v ? 0 : 2 * a.pairs);
    const T* from = is_v ? a.v + token * a.v_row + h * a.v_head : a.rows(token, a.q_heads + h);
    T* to =
        is_v ? a.value.row(uint32_t(slot), a.block_size) + h * a.value.head : keys + h * a.key.head;
    Elements<T, kPairs> x;
    x.read(from + element);
    x.write(to + element);
  }
}

// `vectors`: all rows begin at 16 bytes, pairs and size are multiples of 8.
template <class T>
void launch_rope_store_kvcache(const RopeStoreArgs<T>& a, int64_t tokens, bool neox, bool vectors,
                               cudaStream_t stream) {
  const uint32_t n = vectors ? 8 : 1, each = a.pairs / n;
  const uint32_t work = (a.q_heads + a.kv_heads) * each + a.kv_heads * (a.size / n) +
                        a.kv_heads * ((a.size - 2 * a.pairs) / n);
  if (!work || !tokens) return;
  // Few tokens: a piece a thread, for the shortest way through. Many: enough of them are at work
  // anyway, and a thread that rotates several heads reads less of the table.
  constexpr uint32_t kMost = 256;
  const bool many = tokens >= kRopeMany;
  const uint32_t step = std::lcm(each, 32u), wanted = std::min(work, many ? kMost / 2 : kMost);
  uint32_t threads = std::min((wanted + step - 1) / step * step, kMost / step * step);
  uint32_t blocks = many ? 1 : threads ? (work + threads - 1) / threads : 1;
  // The stride must be a multiple of `each`: where no block can be, several together are.
  if (threads == 0) threads = kMost, blocks = each / std::gcd(each, kMost);
  const dim3 grid(uint32_t(tokens), blocks);
  const auto kernel = vectors ? neox ? rope_store_kvcache_kernel<T, 8, true>
                                     : rope_store_kvcache_kernel<T, 8, false>
                      : neox ? rope_store_kvcache_kernel<T, 1, true>
                              : rope_store_kvcache_kernel<T, 1, false>;
  launch(kernel, grid, dim3(threads), 0, stream, true, a);
}

}  // namespace fk::cuda
