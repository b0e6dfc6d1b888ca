// SPDX-License-Identifier: Apache-2.0
// Paged attention for whatever the fast kernels leave: float32, odd head and block sizes, ALiBi in
// prefill. A block of four warps computes one head of one query row. Warp w takes every fourth run
// of 32 keys; a lane scores one key, then the lanes share out the head's elements to add up the
// values. Each warp has its own running maximum and sum; the four are merged in a fixed order, so a
// row's bits depend on its keys alone and not on what else stands in the batch.
#include <cmath>

#include "common.hpp"
#include "fk/device/pdl.cuh"
#include "fk/device/reduce.cuh"
#include "fk/device/vec.cuh"
#include "paged_attention.hpp"

namespace fk::cuda {
namespace {

constexpr int kWarps = 4, kMaxHead = 256, kPerLane = kMaxHead / 32;

template <class T>
__global__ void __launch_bounds__(kWarps * 32)
    paged_attention_generic_kernel(const PagedAttentionParams p) {
  using namespace device;
  __shared__ float query[kMaxHead];
  __shared__ float sums[kWarps][kMaxHead];
  __shared__ float maxima[kWarps], totals[kWarps];
  const int row = blockIdx.x, head = blockIdx.y, kv_head = head / p.group;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  wait_for_previous();
  launch_next();

  // The last sequence that starts at or before the row: those without rows are passed over.
  int low = 0, high = p.num_seqs;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (p.starts[middle + 1] <= row)
      low = middle + 1;
    else
      high = middle;
  }
  const int seq = low;
  int end = 0;  // keys 0..end-1 are seen
  if (seq < p.num_seqs) {
    const int length = p.lengths[seq];
    end = length - (p.starts[seq + 1] - row) + 1;
    if (length <= 0) end = 0;
  }
  const int first = p.window > 0 ? max(0, end - p.window) : 0;

  const T* q = static_cast<const T*>(p.q) + row * p.q_row + head * p.q_head;
  for (int i = threadIdx.x; i < p.head_size; i += kWarps * 32) query[i] = to_float(q[i]);
  __syncthreads();

  const float slope = p.slopes ? p.slopes[head] : 0.f;
  const int32_t* table = p.table + int64_t(seq < p.num_seqs ? seq : 0) * p.table_stride;
  const T* keys = static_cast<const T*>(p.key) + kv_head * p.key_head;
  const T* values = static_cast<const T*>(p.value) + kv_head * p.value_head;
  float largest = -INFINITY, total = 0, sum[kPerLane] = {};
  for (int base = first + warp * 32; base < end; base += kWarps * 32) {
    const int key = base + lane;
    int64_t value_row = 0;
    float score = -INFINITY;
    if (key < end) {
      const int64_t block = table[key / p.block_size];
      const int at = key % p.block_size;
      const T* k = keys + block * p.key_block + at * p.key_token;
      value_row = block * p.value_block + at * p.value_token;
      float parts[4] = {};  // four sums: shorter chains, less rounding
      int i = 0;
      for (; i + 4 <= p.head_size; i += 4)
#pragma unroll
        for (int j = 0; j < 4; ++j) parts[j] = fmaf(query[i + j], to_float(k[i + j]), parts[j]);
      for (; i < p.head_size; ++i) parts[0] = fmaf(query[i], to_float(k[i]), parts[0]);
      score = ((parts[0] + parts[1]) + (parts[2] + parts[3])) * p.scale;
      if (p.soft_cap > 0) score = p.soft_cap * tanhf(score / p.soft_cap);
      score += slope * float(key - (end - 1));
    }
    const float now = fmaxf(largest, warp_reduce<Max>(score));  // finite: base itself is seen
    const float e = expf(score - now), keep = expf(largest - now);
    largest = now;
    total = total * keep + warp_reduce<Sum>(e);
#pragma unroll
    for (int i = 0; i < kPerLane; ++i) sum[i] *= keep;
    const int count = min(32, end - base);
    for (int j = 0; j < count; ++j) {
      const float weight = __shfl_sync(0xffffffffu, e, j);
      const T* v = values + __shfl_sync(0xffffffffu, value_row, j);
#pragma unroll
      for (int i = 0; i < kPerLane; ++i)
        if (i * 32 + lane < p.head_size) sum[i] = fmaf(weight, to_float(v[i * 32 + lane]), sum[i]);
    }
  }
#pragma unroll
  for (int i = 0; i < kPerLane; ++i)
    if (i * 32 + lane < p.head_size) sums[warp][i * 32 + lane] = sum[i];
  if (lane == 0) maxima[warp] = largest, totals[warp] = total;
  __syncthreads();

  float top = maxima[0];
  for (int w = 1; w < kWarps; ++w) top = fmaxf(top, maxima[w]);
  T* out = static_cast<T*>(p.out) + row * p.out_row + head * p.out_head;
  for (int i = threadIdx.x; i < p.head_size; i += kWarps * 32) {
    float all = 0, x = 0;
    for (int w = 0; w < kWarps; ++w) {
      if (maxima[w] == -INFINITY) continue;
      const float weight = expf(maxima[w] - top);
      all += weight * totals[w];
      x += weight * sums[w][i];
    }
    out[i] = from_float<T>(all > 0 ? x / all : 0.f);
  }
}

}  // namespace

void launch_paged_attention_generic(const PagedAttentionParams& p, Element element,
                                    cudaStream_t stream) {
  const dim3 grid(unsigned(p.num_rows), unsigned(p.num_kv_heads * p.group));
  const auto run = [&](auto kernel) { launch(kernel, grid, kWarps * 32, 0, stream, true, p); };
  if (element == Element::kFloat32)
    run(paged_attention_generic_kernel<float>);
  else if (element == Element::kBFloat16)
    run(paged_attention_generic_kernel<__nv_bfloat16>);
  else
    run(paged_attention_generic_kernel<__half>);
}

}  // namespace fk::cuda
