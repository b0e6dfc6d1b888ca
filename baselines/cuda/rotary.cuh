// SPDX-License-Identifier: Apache-2.0
// Rotary embedding in place on q and k in one launch. cos and sin of every position and pair come
// from a table made once in double; a thread rotates `kPairs` pairs of one head.
#pragma once
#include "fk/device/pdl.cuh"
#include "row_map.cuh"

namespace fk::cuda {

struct RotaryInit {
  double base, factor, low_freq_factor, high_freq_factor, original_positions;
  int32_t pairs;
  enum Type : int32_t { kDefault, kLinear, kLlama3 } type;
};

// table[position][0..pairs) = cos, table[position][pairs..2*pairs) = sin. Doubles throughout: the
// angle of the last of 131072 positions loses nothing that fp32 can show.
static __global__ void rotary_table_kernel(RotaryInit r, int64_t positions, float* table) {
  const int64_t at = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at >= positions * r.pairs) return;
  const int64_t position = at / r.pairs;
  const int32_t i = int32_t(at % r.pairs);
  double f = pow(r.base, -double(i) / double(r.pairs));
  if (r.type == RotaryInit::kLinear) f /= r.factor;
  if (r.type == RotaryInit::kLlama3) {
    // Long waves are stretched by factor, short ones stay, those between are blended.
    const double turns = r.original_positions * f / (2 * 3.14159265358979323846);
    const double keep = (turns - r.low_freq_factor) / (r.high_freq_factor - r.low_freq_factor);
    if (turns < r.low_freq_factor)
      f /= r.factor;
    else if (turns <= r.high_freq_factor)
      f = (1 - keep) * f / r.factor + keep * f;
  }
  double s, c;
  sincos(double(position) * f, &s, &c);
  float* row = table + position * 2 * r.pairs;
  row[i] = float(c);
  row[r.pairs + i] = float(s);
}

inline void launch_rotary_table(const RotaryInit& r, int64_t positions, float* table,
                                cudaStream_t stream) {
  const int64_t count = positions * r.pairs;
  launch(rotary_table_kernel, dim3(uint32_t((count + 255) / 256)), dim3(256), 0, stream, false, r,
         positions, table);
}

template <class T>
struct RotaryArgs {
  const int64_t* positions;
  const float* table;
  T *q, *k;
  int64_t q_row, q_head, k_row, k_head;  // strides
  int64_t last_position;                 // what lies outside the table is clamped, not read
  uint32_t q_heads, heads, pairs, work;  // heads: of q and k together; work: threads a token
};

// a' = a cos - b sin, b' = b cos + a sin for kPairs pairs that lie `kNeox` pairs apart or side by
// side, with 16-byte accesses where kPairs is above 1.
template <class T, int kPairs, bool kNeox>
__global__ void __launch_bounds__(256) rotary_kernel(RotaryArgs<T> a) {
  using device::Vec;
  device::wait_for_previous();
  device::launch_next();
  const uint32_t token = blockIdx.x, at = blockIdx.y * blockDim.x + threadIdx.x;
  if (at >= a.work) return;
  const uint32_t each = a.pairs / kPairs, head = at / each, first = at % each * kPairs;
  T* p = head < a.q_heads ? a.q + token * a.q_row + head * a.q_head
                          : a.k + token * a.k_row + (head - a.q_heads) * a.k_head;
  int64_t position = a.positions[token];
  position = position < 0 ? 0 : position > a.last_position ? a.last_position : position;
  const float* angles = a.table + position * 2 * a.pairs + first;
  if constexpr (kPairs == 1) {
    T *x = p + (kNeox ? first : 2 * first), *y = kNeox ? x + a.pairs : x + 1;
    const float c = angles[0], s = angles[a.pairs];
    const float u = device::to_float(*x), v = device::to_float(*y);
    *x = device::from_float<T>(u * c - v * s);
    *y = device::from_float<T>(v * c + u * s);
  } else {
    static_assert(kPairs == 8);
    Pack<float> c, s;
    c.read(angles);
    s.read(angles + a.pairs);
    Pack<T> x, y;
    T* low = p + (kNeox ? first : 2 * first);
    T* high = low + (kNeox ? a.pairs : 8);
    x.read(low);
    y.read(high);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      if constexpr (kNeox) {
        const float u = x.get(i), v = y.get(i);
        x.set(i, u * c.get(i) - v * s.get(i));
        y.set(i, v * c.get(i) + u * s.get(i));
      } else {
        Pack<T>& half = i < 4 ? x : y;
        const int j = i % 4 * 2;
        const float u = half.get(j), v = half.get(j + 1);
        half.set(j, u * c.get(i) - v * s.get(i));
        half.set(j + 1, v * c.get(i) + u * s.get(i));
      }
    }
    x.write(low);
    y.write(high);
  }
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
