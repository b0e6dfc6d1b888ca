// SPDX-License-Identifier: Apache-2.0
// Rows whose draw can only fall on few tokens, known before the row is read again. The scan leaves
// the largest logit of every one of its threads: `top_k` of these are `top_k` tokens, so nothing in
// a bin below theirs survives top_k, and nothing that min_p drops survives either. Only the logits
// of threads whose largest is above that are read again, a hundredth of the row for top_k 50; what
// survives of them is sorted and summed exactly, like the list of sample_draw_kernel and with the
// same result.
#pragma once
#include "sample_parts.cuh"

namespace fk::cuda::sampling {

inline constexpr uint32_t kScanThreads = 256;  // threads of a block of the scan

// Where the thread `segment` (of all that scanned a row) had its logits: units first, first +
// kScanThreads, ... below last, and for the last block one single logit behind the last unit.
struct Segment {
  uint32_t first, last, single;
  __device__ Segment(uint32_t segment, uint32_t splits, uint32_t vocab, uint32_t per_unit) {
    const uint32_t split = segment / kScanThreads, thread = segment % kScanThreads;
    const uint32_t units = vocab / per_unit;
    first = uint32_t(uint64_t(units) * split / splits) + thread;
    last = uint32_t(uint64_t(units) * (split + 1) / splits);
    single = split + 1 == splits ? units * per_unit + thread : vocab;
  }
};

struct NarrowLimits {
  uint32_t top_k;  // 0: none
  float min_p;     // 0: none
  uint32_t splits;
  __device__ uint32_t segments() const { return splits * kScanThreads; }
  // Whether it pays: enough segments for the k-th largest of them to mean something. min_p alone
  // leaves too many: 82 us for 32 rows of 128256 where a pass over all takes 52.
  __device__ bool possible() const {
    return top_k > 0 && top_k <= min(segments() / 4, uint32_t(kList / 2));
  }
  __device__ uint32_t most_segments() const { return min(segments() / 2, uint32_t(2 * kList)); }
};

// Shared memory of a row while it is narrowed.
struct NarrowShared {
  uint32_t* counts;    // [kBins]
  uint32_t* segments;  // [2 * kList]
  uint32_t* scan;      // [kThreads / 32]
  uint32_t* found;     // segments that were
  int* last_bin;
};

// Whether any token at or below `largest` can have a mass: the rounding of exp2 is given room.
__device__ inline bool may_have_mass(const Scale& scale, float largest) {
  if (largest == scale.top) return true;
  const float a = (largest - scale.top) * scale.bits;
  return a > -kBits && exp2f(a) >= scale.min_p * 0.9999f;
}

// All threads of all blocks of a row alike: whether the row is narrow. Then s.segments[0, s.found)
// are the segments to read again, in no order, and tokens in bins after s.last_bin do not survive.
__device__ inline bool narrow(const NarrowShared& s, const NarrowLimits& limits, const Scale& scale,
                              const float* largest) {
  const uint32_t segments = limits.segments();
  for (uint32_t b = threadIdx.x; b < kBins; b += kThreads) s.counts[b] = 0;
  if (threadIdx.x == 0) *s.found = 0, *s.last_bin = kBins;
  __syncthreads();
  if (limits.top_k > 0) {
    for (uint32_t i = threadIdx.x; i < segments; i += kThreads)
      if (largest[i] > -INFINITY) atomicAdd(&s.counts[scale.bin(largest[i])], 1u);
    __syncthreads();
    constexpr uint32_t kEach = kBins / kThreads;
    uint32_t sum = 0, all;
    for (uint32_t i = 0; i < kEach; ++i) sum += s.counts[threadIdx.x * kEach + i];
    uint32_t before = scan_before(sum, s.scan, all);
    if (before < limits.top_k && before + sum >= limits.top_k) {  // in one thread, or in none
      uint32_t b = threadIdx.x * kEach;
      while ((before += s.counts[b]) < limits.top_k) ++b;
      *s.last_bin = int(b);
    }
    __syncthreads();
  }
  const int last_bin = *s.last_bin;
  if (last_bin == kBins && !(limits.min_p > 0)) return false;
  for (uint32_t i = threadIdx.x; i < segments; i += kThreads) {
    const float v = largest[i];
    if (!(v > -INFINITY) || scale.bin(v) > last_bin || !may_have_mass(scale, v)) continue;
    const uint32_t at = atomicAdd(s.found, 1u);
    if (at < 2 * kList) s.segments[at] = i;
  }
  __syncthreads();
  return *s.found > 0 && *s.found <= limits.most_segments();
}

// f(logit, id) for the logits of those segments; a warp a segment.
template <int kN, class F>
__device__ inline void for_segments(const NarrowShared& s, const NarrowLimits& limits,
                                    const float* row, uint32_t vocab, const F& f) {
  const uint32_t warp = threadIdx.x / 32, lane = threadIdx.x % 32, found = *s.found;
  for (uint32_t i = warp; i < found; i += kThreads / 32) {
    const Segment at(s.segments[i], limits.splits, vocab, kN);
    for (uint32_t u = at.first + lane * kScanThreads; u < at.last; u += 32 * kScanThreads) {
      const auto x = device::load<kN>(row + u * kN);
#pragma unroll
      for (int j = 0; j < kN; ++j) f(value(x[j]), u * kN + j);
    }
    for (uint32_t u = at.single + lane * kScanThreads; u < vocab; u += 32 * kScanThreads)
      f(value(row[u]), u);
  }
}

}  // namespace fk::cuda::sampling
