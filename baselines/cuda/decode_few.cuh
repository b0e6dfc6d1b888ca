// SPDX-License-Identifier: Apache-2.0
// One or two sequences: a cluster of 16 an item, each block its part of the keys. The parts meet in
// distributed shared memory, where the line's partial results would make three trips to L2; the
// price, that a short sequence leaves its blocks idle, is small for two.
#pragma once
#include <cooperative_groups.h>

#include "decode_finish.cuh"

namespace fk::cuda::decode {

inline constexpr int kFewSeqs = 2, kFewSplit = 16;

template <class T, int D, class Source>
__global__ void __launch_bounds__(kThreads, kCtasPerSm)
    paged_attention_few_kernel(const __grid_constant__ PagedAttentionParams p,
                               const __grid_constant__ Source source) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
  using L = Layout<D>;
  extern __shared__ __align__(128) unsigned char shared[];
  __shared__ float maxima[kWarps][kHeads], totals[kWarps][kHeads];
  __shared__ float2 merging[kHeads];
  float* sums = reinterpret_cast<float*>(shared + L::kRingBytes);
  auto cluster = cooperative_groups::this_cluster();
  const int rank = int(cluster.block_rank());
  const int item = int(blockIdx.x) / kFewSplit;

  device::launch_next();
  Place at;
  at.enter(p, item / p.num_kv_heads);
  at.head = item % p.num_kv_heads;
  const int count = at.end - at.begin;
  if (count == 0) return device::wait_for_previous();
  const int from = at.begin + count * rank / kFewSplit;
  const int to = at.begin + count * (rank + 1) / kFewSplit;
  at.chunk = from;
  Stream<T, D, Source> stream(p, source, at, to - from, shared);
  typename Source::template Newest<T, D> newest(source, p, at, sums + warp_sums<D>());
  stream.fill(newest);

  Running<T, D> running;
  running.begin(p, at);
  newest.begin(at, to, running.query);
  stream.add_to(running, newest, at, from, to);
  copy_wait<0>();
  lay_down<D>(running, sums, maxima, totals);
  __syncthreads();
  float4* part = reinterpret_cast<float4*>(shared);  // the ring has been read
  const int pieces = p.group * (D / 4);
  for (int u = threadIdx.x; u < pieces; u += kThreads) {
    const int head = u / (D / 4), element = u % (D / 4) * 4;
    float x[4], total, top;
    add_warps<D>(sums, maxima, totals, head, element, x, total, top);
    part[u] = make_float4(x[0], x[1], x[2], x[3]);
    if (element == 0) merging[head] = make_float2(top, total);
  }
  cluster.sync();
  if (rank == 0) newest.finish(at, running.query);
  for (int u = pieces * rank / kFewSplit + threadIdx.x; u < pieces * (rank + 1) / kFewSplit;
       u += kThreads) {
    const int head = u / (D / 4), element = u % (D / 4) * 4;
    float2 m[kFewSplit];
    float4 y[kFewSplit];
    float top = -INFINITY, x[4] = {}, total = 0;
#pragma unroll
    for (int c = 0; c < kFewSplit; ++c) {
      m[c] = *cluster.map_shared_rank(merging + head, c);
      y[c] = *cluster.map_shared_rank(part + u, c);
    }
#pragma unroll
    for (int c = 0; c < kFewSplit; ++c) top = fmaxf(top, m[c].x);
#pragma unroll
    for (int c = 0; c < kFewSplit; ++c) {
      const float weight = top == -INFINITY ? 0.f : exp2_fast(m[c].x - top);
      x[0] += weight * y[c].x, x[1] += weight * y[c].y, x[2] += weight * y[c].z,
          x[3] += weight * y[c].w;
      total += weight * m[c].y;
    }
    store_row4<T>(p, at, head, element, x, total);
  }
  cluster.sync();  // no block may end while others read its part
#endif             // older cards have no clusters and never launch it
}

}  // namespace fk::cuda::decode
