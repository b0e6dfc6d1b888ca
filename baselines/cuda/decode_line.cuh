// SPDX-License-Identifier: Apache-2.0
// Any number of sequences: a fixed grid of CTAs, each with its share of the line of chunks. What it
// has of an item that others share is left as a partial result; the CTA that arrives last adds
// these up, in the order of the line.
#pragma once
#include "decode_finish.cuh"

namespace fk::cuda::decode {

template <class T, int D, class Source>
__global__ void __launch_bounds__(kThreads, kCtasPerSm)
    paged_attention_decode_kernel(const __grid_constant__ PagedAttentionParams p,
                                  const DecodeWorkspace w, const __grid_constant__ Source source) {
  using L = Layout<D>;
  extern __shared__ __align__(128) unsigned char shared[];
  __shared__ float maxima[kWarps][kHeads], totals[kWarps][kHeads];
  __shared__ bool last;
  float* sums = reinterpret_cast<float*>(shared + L::kRingBytes);
  float2* merging = reinterpret_cast<float2*>(sums);  // never both at a time

  device::launch_next();
  const Share share = find_share(p);
  if (share.begin >= share.end) return device::wait_for_previous();  // or the next would not
  Place at;
  at.enter(p, share.seq);
  at.head = share.head;
  at.chunk += share.offset;
  Stream<T, D, Source> stream(p, source, at, share.end - share.begin, shared);
  typename Source::template Newest<T, D> newest(source, p, at, sums + warp_sums<D>());
  stream.fill(newest);

  const int partial_size = p.group * (D + 4);
  for (int line = share.begin; line < share.end;) {
    // One item, or the part of it that lies in the share.
    const int from = at.chunk, to = min(at.end, from + share.end - line);
    Running<T, D> running;
    running.begin(p, at);
    newest.begin(at, to, running.query);
    stream.add_to(running, newest, at, from, to);
    lay_down<D>(running, sums, maxima, totals);
    __syncthreads();
    const bool complete = from == at.begin && to == at.end;
    if (complete) newest.finish(at, running.query);
    float* partial = w.partial + int64_t(2 * blockIdx.x + (from > at.begin ? 0 : 1)) * partial_size;
    for (int u = threadIdx.x; u < p.group * D / 4; u += kThreads) {
      const int head = u / (D / 4), element = u % (D / 4) * 4;
      float x[4], total, top;
      add_warps<D>(sums, maxima, totals, head, element, x, total, top);
      if (complete) {
        store_row4<T>(p, at, head, element, x, total);
      } else {
        __stcg(reinterpret_cast<float4*>(partial + head * D + element),
               make_float4(x[0], x[1], x[2], x[3]));
        if (element == 0)
          __stcg(reinterpret_cast<float2*>(partial + p.group * D + head * 2),
                 make_float2(top, total));
      }
    }

    if (!complete) {
      const int start = line - (from - at.begin);  // of the item, on the line
      const int one = start / share.size, end = (start + at.end - at.begin - 1) / share.size + 1;
      __threadfence();
      __syncthreads();
      // An item in parts is the last to start in the CTA `one`, so the counter is its own.
      if (threadIdx.x == 0) {
        last = atomicAdd(w.arrived + one, 1u) == unsigned(end - one - 1);
        if (last) w.arrived[one] = 0;
      }
      __syncthreads();
      if (last) {
        __threadfence();
        newest.finish(at, running.query);
        const auto part = [&](int cta) {
          return w.partial + int64_t(2 * cta + (cta == one ? 1 : 0)) * partial_size;
        };
        for (int i = threadIdx.x; i < (end - one) * p.group; i += kThreads) {
          const int cta = i / p.group, head = i % p.group;
          merging[cta * kHeads + head] =
              __ldcg(reinterpret_cast<const float2*>(part(one + cta) + p.group * D + head * 2));
        }
        __syncthreads();
        for (int u = threadIdx.x; u < p.group * D / 4; u += kThreads) {
          const int head = u / (D / 4), element = u % (D / 4) * 4;
          float top = -INFINITY;
          for (int c = 0; c < end - one; ++c) top = fmaxf(top, merging[c * kHeads + head].x);
          float x[4] = {}, total = 0;
#pragma unroll 8
          for (int c = 0; c < end - one; ++c) {
            const float4 y =
                __ldcg(reinterpret_cast<const float4*>(part(one + c) + head * D + element));
            const float2 m = merging[c * kHeads + head];
            const float weight = top == -INFINITY ? 0.f : exp2_fast(m.x - top);
            x[0] += weight * y.x, x[1] += weight * y.y, x[2] += weight * y.z, x[3] += weight * y.w;
            total += weight * m.y;
          }
          store_row4<T>(p, at, head, element, x, total);
        }
      }
    }
    __syncthreads();  // before the next item writes into `sums`
    line += to - from;
    if (line < share.end) {
      at.chunk = to - 1;
      at.advance(p);
    }
  }
  copy_wait<0>();
}

}  // namespace fk::cuda::decode
