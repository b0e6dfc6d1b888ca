// SPDX-License-Identifier: Apache-2.0
// Rotary embedding in place on q and k in one launch: a thread rotates `kPairs` pairs of one head,
// cos and sin come from the table.
#pragma once
#include "fk/device/pdl.cuh"
#include "rotary_table.cuh"
#include "row_map.cuh"

namespace fk::cuda {

// kPairs elements at p, with 16-byte accesses where kPairs is 8.
template <class T, int kPairs>
struct Elements : Pack<T> {
  static_assert(kPairs == 8);
};
template <class T>
struct Elements<T, 1> {
  T one;
  __device__ void read(const T* p) { one = *p; }
  __device__ void write(T* p) const { *p = one; }
  __device__ float get(int) const { return device::to_float(one); }
  __device__ void set(int, float x) { one = device::from_float<T>(x); }
};

// cos and sin of kPairs pairs.
template <int kPairs>
struct Angles {
  Elements<float, kPairs> c, s;
  __device__ void read(const float* cos, uint32_t pairs) {
    c.read(cos);
    s.read(cos + pairs);
  }
};

// A pair (u, v) turned by an angle: u' = u cos - v sin, v' = v cos + u sin. Spelled out, so that
// every kernel that rotates gives the same bits.
__device__ inline float turned_low(float u, float v, float c, float s) {
  return __fmaf_rn(u, c, -__fmul_rn(v, s));
}
__device__ inline float turned_high(float u, float v, float c, float s) {
  return __fmaf_rn(v, c, __fmul_rn(u, s));
}

// The pairs [first, first + kPairs) of a head of `pairs`, which lie `pairs` apart (neox) or side by
// side.
template <class T, int kPairs, bool kNeox>
struct HeadPairs {
  Elements<T, kPairs> x, y;
  __device__ static T* low(T* head, uint32_t first) { return head + (kNeox ? first : 2 * first); }
  __device__ static uint32_t apart(uint32_t pairs) { return kNeox ? pairs : kPairs; }
  __device__ void read(T* head, uint32_t first, uint32_t pairs) {
    x.read(low(head, first));
    y.read(low(head, first) + apart(pairs));
  }
  __device__ void write(T* head, uint32_t first, uint32_t pairs) const {
    x.write(low(head, first));
    y.write(low(head, first) + apart(pairs));
  }
  __device__ void rotate(const Angles<kPairs>& a) {
#pragma unroll
    for (int i = 0; i < kPairs; ++i) {
      if constexpr (kNeox || kPairs == 1) {
        const float u = x.get(i), v = y.get(i);
        x.set(i, turned_low(u, v, a.c.get(i), a.s.get(i)));
        y.set(i, turned_high(u, v, a.c.get(i), a.s.get(i)));
      } else {
        auto& half = i < kPairs / 2 ? x : y;
        const int j = i % (kPairs / 2) * 2;
        const float u = half.get(j), v = half.get(j + 1);
        half.set(j, turned_low(u, v, a.c.get(i), a.s.get(i)));
        half.set(j + 1, turned_high(u, v, a.c.get(i), a.s.get(i)));
      }
    }
  }
};

// A position as a row of the table: what lies outside is clamped, not read.
__device__ inline int64_t table_row(int64_t position, int64_t last) {
  return position < 0 ? 0 : position > last ? last : position;
}

template <class T>
struct RotaryArgs {
  const int64_t* positions;
  const float* table;
  T *q, *k;
  int64_t q_row, q_head, k_row, k_head;  // strides
  int64_t last_position;
  uint32_t q_heads, heads, pairs, work;  // heads: of q and k together; work: threads a token
};

template <class T, int kPairs, bool kNeox>
__global__ void __launch_bounds__(256) rotary_kernel(RotaryArgs<T> a) {
  device::wait_for_previous();
  device::launch_next();
  const uint32_t token = blockIdx.x, at = blockIdx.y * blockDim.x + threadIdx.x;
  if (at >= a.work) return;
  const uint32_t each = a.pairs / kPairs, head = at / each, first = at % each * kPairs;
  T* p = head < a.q_heads ? a.q + token * a.q_row + head * a.q_head
                          : a.k + token * a.k_row + (head - a.q_heads) * a.k_head;
  HeadPairs<T, kPairs, kNeox> x;
  x.read(p, first, a.pairs);
  Angles<kPairs> angles;
  angles.read(a.table + table_row(a.positions[token], a.last_position) * 2 * a.pairs + first,
              a.pairs);
  x.rotate(angles);
  x.write(p, first, a.pairs);
}

// `vectors`: heads begin at 16 bytes and pairs is a multiple of 8.
template <class T>
void launch_rotary(RotaryArgs<T> a, int64_t tokens, bool neox, bool vectors, cudaStream_t stream) {
  a.work = a.heads * (vectors ? a.pairs / 8 : a.pairs);
  if (!a.work || !tokens) return;
  const uint32_t threads = a.work >= 256 ? 256 : (a.work + 31) / 32 * 32;
  const dim3 grid(uint32_t(tokens), (a.work + threads - 1) / threads), block(threads);
  const auto kernel = vectors ? neox ? rotary_kernel<T, 8, true> : rotary_kernel<T, 8, false>
                      : neox ? rotary_kernel<T, 1, true>
                              : rotary_kernel<T, 1, false>;
  launch(kernel, grid, block, 0, stream, true, a);
}

}  // namespace fk::cuda
