// SPDX-License-Identifier: Apache-2.0
// Sampling without a sort of the vocabulary. Kernel 1 finds every row's largest logit (all that a
// greedy row needs) and its smallest. Rows that top_k or min_p leave few tokens of may end in
// kernel 2 at once (sample_narrow.cuh). Else kernel 2, a block or a cluster a row, makes one
// histogram of probability mass over 2048 bins of equal width in the logit. Where the row is cut
// (top_k, top_p) and where u falls lies in a few of these bins; a second pass gathers their tokens,
// a few hundred, which are sorted by (falling logit, rising id) and summed exactly. Masses are
// integers: neither the order of atomics nor the number of blocks changes the token.
#pragma once
#include <cooperative_groups.h>

#include "common.hpp"
#include "fk/device/pdl.cuh"
#include "sample_narrow.cuh"
#include "sample_parts.cuh"

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 900
#define FK_NO_CLUSTERS 1
#define FK_CLUSTER(blocks)
#else
#define FK_CLUSTER(blocks) __cluster_dims__(blocks, 1, 1)
#endif

namespace fk::cuda::sampling {

struct Partial {
  uint64_t best;  // rising key, complement of the id; 0: nothing seen
  float least;
  uint32_t unused;
};

struct Args {
  const float* logits;
  int64_t row;  // stride
  uint32_t vocab, rows, splits;
  const float *temperature, *top_p, *min_p;
  const int32_t* top_k;
  const int64_t *seed, *offset;
  Partial* partials;  // [rows, splits]
  float* largest;     // [rows, splits, kScanThreads]: every thread's of the scan; NULL: not kept
  int32_t* token_ids;
};

__device__ inline Partial better(Partial a, Partial b) {
  return {a.best > b.best ? a.best : b.best, fminf(a.least, b.least), 0};
}
__device__ inline Partial warp_best(Partial x) {
#pragma unroll
  for (int o = 16; o > 0; o /= 2)
    x = better(
        x, {__shfl_xor_sync(0xffffffffu, x.best, o), __shfl_xor_sync(0xffffffffu, x.least, o), 0});
  return x;
}

template <int kN>
__global__ void __launch_bounds__(kScanThreads) sample_scan_kernel(Args a) {
  __shared__ Partial shared[kScanThreads / 32];
  device::wait_for_previous();
  device::launch_next();
  const uint32_t row = blockIdx.x / a.splits, split = blockIdx.x % a.splits, units = a.vocab / kN;
  const uint32_t first = uint64_t(units) * split / a.splits,
                 last = uint64_t(units) * (split + 1) / a.splits;
  float best = -INFINITY, least = INFINITY;
  uint32_t id = UINT32_MAX;
  for_logits<kN>(a.logits + row * a.row, a.vocab, first, last, threadIdx.x, kScanThreads,
                 split + 1 == a.splits, [&](float v, uint32_t i) {
                   if (v > best || id == UINT32_MAX) best = v, id = i;
                   least = fminf(least, v);
                 });
  if (a.largest) a.largest[uint64_t(blockIdx.x) * kScanThreads + threadIdx.x] = best;
  Partial x{id == UINT32_MAX ? 0 : uint64_t(rising_key(best)) << 32 | uint32_t(~id), least, 0};
  x = warp_best(x);
  if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = x;
  __syncthreads();
  if (threadIdx.x) return;
  for (int w = 1; w < int(kScanThreads / 32); ++w) x = better(x, shared[w]);
  a.partials[blockIdx.x] = x;
}

// The bins that may hold a cut or the draw: k, or within [first, last] of one of the other two.
struct Wanted {
  int k, p_first, p_last, u_first, u_last;
  __device__ bool operator()(int b) const {
    return b == k || (b >= p_first && b <= p_last) || (b >= u_first && b <= u_last);
  }
};

struct DrawShared {
  Histogram histogram;
  uint64_t mass[kBins + 1];   // of the bins before; [kBins]: of all
  uint32_t count[kBins + 1];  // likewise
  uint64_t list[kList], prefix[kList];
  uint64_t scan64[kThreads / 32];
  uint32_t scan32[kThreads / 32];
  Partial best;
  Wanted wanted;
  uint32_t gathered;
  uint32_t found;
  int last_bin;
  uint64_t total, chosen;
};

// The first bin of which `ok(b)` holds; it holds from there on.
template <class F>
__device__ inline int first_bin(const F& ok) {
  int low = 0, high = kBins - 1;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (ok(middle))
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

__device__ inline void sort_list(uint64_t* list, uint32_t count) {
  uint32_t size = 2;
  while (size < count) size *= 2;
  for (uint32_t i = count + threadIdx.x; i < size; i += kThreads) list[i] = UINT64_MAX;
  for (uint32_t k = 2; k <= size; k *= 2)
    for (uint32_t j = k / 2; j > 0; j /= 2) {
      __syncthreads();
      for (uint32_t t = threadIdx.x; t < size / 2; t += kThreads) {
        const uint32_t i = 2 * t - (t & (j - 1)), o = i + j;
        const uint64_t x = list[i], y = list[o];
        if ((x > y) == ((i & k) == 0)) list[i] = y, list[o] = x;
      }
    }
  __syncthreads();
}

// Slow and always right, for rows with thousands of tokens in one bin (all logits equal): finds the
// first token, in the order of the draw, at which `ok(mass up to it, rank from 1)` holds, a byte of
// its (logit, id) at a time. Returns the mass up to it and leaves the token in s.chosen.
template <int kN, class F>
__device__ uint64_t descend(DrawShared& s, const Scale& scale, const float* row, uint32_t vocab,
                            const F& ok) {
  uint64_t chosen = 0, before = 0;
  uint32_t rank = 0;
  for (int shift = 56; shift >= 0; shift -= shift == 32 ? 16 : 8) {  // ids are below 2^24
    const int above = shift == 16 ? 32 : shift + 8;
    __syncthreads();
    s.histogram.clear();
    __syncthreads();
    for_logits<kN>(row, vocab, 0, vocab / kN, threadIdx.x, kThreads, true,
                   [&](float v, uint32_t id) {
                     const uint64_t r = ranked(v, id), mass = scale.mass(v);
                     if (mass && (above == 64 || r >> above == chosen >> above))
                       s.histogram.add(int(r >> shift & 255), mass, true);
                   });
    __syncthreads();
    int digit = 0;  // every thread walks the same way
    for (int b = 0; b < 256; ++b) {
      if (!s.histogram.count[b]) continue;
      digit = b;
      const uint64_t mass = before + s.histogram.mass(b);
      if (ok(mass, rank + s.histogram.count[b])) break;
      before = mass;
      rank += s.histogram.count[b];
    }
    chosen |= uint64_t(digit) << shift;
  }
  __syncthreads();
  s.chosen = chosen;
  return before + scale.mass(value_of(chosen));
}

// What is cut and drawn, when `total` is the mass of what min_p leaves (or, with cut_k, anything).
template <int kN>
__device__ void draw_by_descent(const Args& a, DrawShared& s, const Scale& scale, const float* row,
                                bool cut_k, uint32_t top_k, double top_p, double u, uint64_t total,
                                int32_t* token) {
  if (cut_k)
    total =
        descend<kN>(s, scale, row, a.vocab, [&](uint64_t, uint32_t rank) { return rank >= top_k; });
  if (top_p < 1)
    total = descend<kN>(s, scale, row, a.vocab, [&](uint64_t mass, uint32_t) {
      return double(mass) >= top_p * double(total);
    });
  descend<kN>(s, scale, row, a.vocab,
              [&](uint64_t mass, uint32_t) { return double(mass) > u * double(total); });
  if (threadIdx.x == 0) *token = int32_t(uint32_t(s.chosen));
}

// The draw of a row that is narrow: from a list of all that top_k and min_p may leave.
template <int kN>
__device__ void draw_narrow(const Args& a, DrawShared& s, const NarrowShared& narrowed,
                            const NarrowLimits& limits, const Scale& scale, const float* row,
                            double top_p, double u, int32_t* token) {
  const int last_bin = s.last_bin;
  for_segments<kN>(narrowed, limits, row, a.vocab, [&](float v, uint32_t id) {
    if (scale.bin(v) > last_bin || !scale.mass(v)) return;
    const uint32_t at = atomicAdd(&s.gathered, 1u);
    if (at < kList) s.list[at] = ranked(v, id);
  });
  __syncthreads();
  const uint32_t n = s.gathered;
  if (n > kList) {  // thousands of equal logits
    const bool cut_k = limits.top_k > 0 && limits.top_k < n;
    uint64_t sum = 0, total = 0;
    if (!cut_k) {
      for_logits<kN>(row, a.vocab, 0, a.vocab / kN, threadIdx.x, kThreads, true,
                     [&](float v, uint32_t) { sum += scale.mass(v); });
      scan_before(sum, s.scan64, total);
    }
    return draw_by_descent<kN>(a, s, scale, row, cut_k, limits.top_k, top_p, u, total, token);
  }
  sort_list(s.list, n);
  const uint32_t each = (n + kThreads - 1) / kThreads, begin = min(threadIdx.x * each, n),
                 end = min(begin + each, n);
  uint64_t sum = 0, listed;
  for (uint32_t i = begin; i < end; ++i) sum += scale.mass(value_of(s.list[i]));
  uint64_t prefix = scan_before(sum, s.scan64, listed);
  for (uint32_t i = begin; i < end; ++i) s.prefix[i] = prefix += scale.mass(value_of(s.list[i]));
  __syncthreads();
  if (threadIdx.x) return;
  const uint32_t kept = limits.top_k > 0 ? min(n, limits.top_k) : n;
  const auto first_of = [&](const auto& ok) {  // the last one when there is none
    uint32_t low = 0, high = kept - 1;
    while (low < high) {
      const uint32_t middle = (low + high) / 2;
      if (ok(s.prefix[middle]))
        high = middle;
      else
        low = middle + 1;
    }
    return low;
  };
  uint64_t total = s.prefix[kept - 1];
  if (top_p < 1)
    total =
        s.prefix[first_of([&](uint64_t mass) { return double(mass) >= top_p * double(total); })];
  const uint32_t i = first_of([&](uint64_t mass) { return double(mass) > u * double(total); });
  *token = int32_t(uint32_t(s.list[i]));
}

// One block a row, for cards without clusters.
struct OneBlock {
  __device__ void sync() const {}
  template <class T>
  __device__ T* map_shared_rank(T* mine, int) const {
    return mine;
  }
};

// kBlocks: blocks that share a row, a cluster.
template <int kBlocks, int kN>
__global__ void FK_CLUSTER(kBlocks) __launch_bounds__(kThreads, 2) sample_draw_kernel(Args a) {
  extern __shared__ __align__(16) unsigned char raw[];
  DrawShared& s = *reinterpret_cast<DrawShared*>(raw);
#if FK_NO_CLUSTERS
  if constexpr (kBlocks > 1) return;  // never launched
  const OneBlock cluster;
#else
  const auto cluster = cooperative_groups::this_cluster();
#endif
  const uint32_t rank = blockIdx.x % kBlocks, r = blockIdx.x / kBlocks;
  s.histogram.clear();
  if (threadIdx.x == 0) s.gathered = 0;
  device::wait_for_previous();
  device::launch_next();

  if (threadIdx.x < 32) {
    Partial x{0, INFINITY, 0};
    for (uint32_t i = threadIdx.x; i < a.splits; i += 32)
      x = better(x, a.partials[uint64_t(r) * a.splits + i]);
    x = warp_best(x);
    if (threadIdx.x == 0) s.best = x;
  }
  __syncthreads();
  const int32_t largest = int32_t(~uint32_t(s.best.best));
  const float temperature = a.temperature[r];
  if (!(temperature > 0)) {  // all blocks of the cluster alike
    if (rank == 0 && threadIdx.x == 0) a.token_ids[r] = largest;
    return;
  }
  const float* row = a.logits + r * a.row;
  const double top_p = a.top_p[r];
  const float min_p = a.min_p[r];
  const uint32_t top_k = min_p > 1 ? 1u : uint32_t(max(a.top_k[r], 0));
  const bool counted = top_k > 0 && top_k < a.vocab;
  const double u = (philox4x32_10(uint64_t(a.seed[r]), uint64_t(a.offset[r])) + 0.5) / 4294967296.0;
  const Scale scale(from_rising_key(uint32_t(s.best.best >> 32)), s.best.least, temperature, min_p);
  const uint32_t thread = rank * kThreads + threadIdx.x, threads = kBlocks * kThreads;

  const NarrowLimits limits{counted ? top_k : 0u, min_p, a.splits};
  if (a.largest && limits.possible()) {
    const NarrowShared narrowed{reinterpret_cast<uint32_t*>(s.list),
                                reinterpret_cast<uint32_t*>(s.prefix), s.scan32, &s.found,
                                &s.last_bin};
    if (narrow(narrowed, limits, scale, a.largest + uint64_t(r) * limits.segments())) {
      if (rank == 0) draw_narrow<kN>(a, s, narrowed, limits, scale, row, top_p, u, a.token_ids + r);
      return;  // all blocks of the cluster alike: nobody waits for another
    }
  }

  for_logits<kN>(row, a.vocab, 0, a.vocab / kN, thread, threads, true, [&](float v, uint32_t) {
    if (const uint64_t mass = scale.mass(v)) s.histogram.add(scale.bin(v), mass, counted);
  });
  if constexpr (kBlocks > 1)
    cluster.sync();
  else
    __syncthreads();

  uint64_t total = 0;
  if (rank == 0) {  // prefixes of the bins, and what is wanted of them
    constexpr int kEach = kBins / kThreads;
    uint64_t mass[kEach], sum = 0;
    uint32_t count[kEach], tokens = 0;
#pragma unroll
    for (int i = 0; i < kEach; ++i) {
      const int b = threadIdx.x * kEach + i;
      mass[i] = s.histogram.mass(b);
      count[i] = s.histogram.count[b];
#pragma unroll
      for (int other = 1; other < kBlocks; ++other) {
        const DrawShared& o = *cluster.map_shared_rank(&s, other);
        mass[i] += o.histogram.mass(b);
        count[i] += o.histogram.count[b];
      }
      sum += mass[i];
      tokens += count[i];
    }
    uint32_t all_tokens;
    uint64_t before = scan_before(sum, s.scan64, total);
    uint32_t tokens_before = scan_before(tokens, s.scan32, all_tokens);
#pragma unroll
    for (int i = 0; i < kEach; ++i) {
      s.mass[threadIdx.x * kEach + i] = before;
      s.count[threadIdx.x * kEach + i] = tokens_before;
      before += mass[i];
      tokens_before += count[i];
    }
    if (threadIdx.x == 0) {
      s.mass[kBins] = total;
      s.count[kBins] = all_tokens;
    }
    __syncthreads();
    // What is cut inside a bin is known only when its tokens are: each cut gives a range, from
    // which the range of the next follows.
    Wanted w{-1, 1, 0, 1, 0};
    uint64_t low = total, high = total;
    if (counted && top_k < all_tokens) {
      w.k = first_bin([&](int b) { return s.count[b + 1] >= top_k; });
      low = s.mass[w.k];
      high = s.mass[w.k + 1];
    }
    if (top_p < 1) {
      w.p_first = first_bin([&](int b) { return double(s.mass[b + 1]) >= top_p * double(low); });
      w.p_last = first_bin([&](int b) { return double(s.mass[b + 1]) >= top_p * double(high); });
      low = s.mass[w.p_first];
      high = min(high, s.mass[w.p_last + 1]);
    }
    w.u_first = first_bin([&](int b) { return double(s.mass[b + 1]) > u * double(low); });
    w.u_last = first_bin([&](int b) { return double(s.mass[b + 1]) > u * double(high); });
    if (threadIdx.x == 0) s.wanted = w;
  }
  DrawShared* first = &s;
  if constexpr (kBlocks > 1) {
    cluster.sync();
    first = cluster.map_shared_rank(&s, 0);
  } else {
    __syncthreads();
  }

  const Wanted wanted = first->wanted;
  for_logits<kN>(row, a.vocab, 0, a.vocab / kN, thread, threads, true, [&](float v, uint32_t id) {
    if (!wanted(scale.bin(v)) || !scale.mass(v)) return;
    const uint32_t at = atomicAdd(&first->gathered, 1u);
    if (at < kList) first->list[at] = ranked(v, id);
  });
  if constexpr (kBlocks > 1)
    cluster.sync();
  else
    __syncthreads();
  if (rank != 0) return;

  const bool cut_k = wanted.k >= 0;
  const uint32_t n = s.gathered;
  if (n > kList) {
    return draw_by_descent<kN>(a, s, scale, row, cut_k, top_k, top_p, u, total, a.token_ids + r);
  }

  sort_list(s.list, n);
  const uint32_t each = (n + kThreads - 1) / kThreads, begin = min(threadIdx.x * each, n),
                 end = min(begin + each, n);
  uint64_t sum = 0, listed;
  for (uint32_t i = begin; i < end; ++i) sum += scale.mass(value_of(s.list[i]));
  uint64_t prefix = scan_before(sum, s.scan64, listed);
  for (uint32_t i = begin; i < end; ++i) {
    const float v = value_of(s.list[i]);
    const int b = scale.bin(v);
    // The tokens of a bin lie together: with this, mass[b] + prefix[i] is the mass up to token i of
    // the whole row, and count[b] + i + 1 its rank.
    if (i == 0 || scale.bin(value_of(s.list[i - 1])) != b) {
      s.mass[b] -= prefix;
      s.count[b] -= i;
    }
    prefix += scale.mass(v);
    s.prefix[i] = prefix;
  }
  if (threadIdx.x == 0) s.total = total;
  __syncthreads();
  const auto bin_at = [&](uint32_t i) { return scale.bin(value_of(s.list[i])); };
  const auto mass_at = [&](uint32_t i) { return s.mass[bin_at(i)] + s.prefix[i]; };
  // The first token of the list of which ok(i) holds, n when there is none.
  const auto first_of = [&](const auto& ok) {
    __syncthreads();
    if (threadIdx.x == 0) s.found = n;
    __syncthreads();
    for (uint32_t i = begin; i < end; ++i)
      if (ok(i)) {
        atomicMin(&s.found, i);
        break;
      }
    __syncthreads();
    return s.found;
  };
  if (cut_k) {
    const uint32_t i = first_of(
        [&](uint32_t i) { return bin_at(i) == wanted.k && s.count[wanted.k] + i + 1 == top_k; });
    if (i < n) total = mass_at(i);
  }
  if (top_p < 1) {
    const uint32_t i =
        first_of([&](uint32_t i) { return double(mass_at(i)) >= top_p * double(total); });
    if (i < n) total = mass_at(i);
  }
  const uint32_t i = first_of([&](uint32_t i) { return double(mass_at(i)) > u * double(total); });
  if (threadIdx.x == 0) a.token_ids[r] = i < n ? int32_t(uint32_t(s.list[i])) : largest;
}

inline uint32_t splits_of(int64_t rows, int64_t vocab) {
  const int64_t most = (vocab + 4095) / 4096, wanted = 132 * 8 / std::max<int64_t>(rows, 1);
  return uint32_t(std::clamp<int64_t>(wanted, 1, most));
}

// Blocks that share a row: few rows would leave most of the chip idle.
inline int blocks_of(int64_t rows) {
  if (!has_clusters()) return 1;
  return rows <= 16 ? 8 : rows <= 64 ? 4 : 1;
}

template <class F>
void with_kernel(int blocks, bool vectors, const F& f) {
  const auto pick = [&](auto n) {
    constexpr int kN = decltype(n)::value;
    const auto scan = sample_scan_kernel<kN>;
    if (blocks == 8) return f(scan, sample_draw_kernel<8, kN>);
    if (blocks == 4) return f(scan, sample_draw_kernel<4, kN>);
    if (blocks == 2) return f(scan, sample_draw_kernel<2, kN>);
    f(scan, sample_draw_kernel<1, kN>);
  };
  if (vectors) return pick(std::integral_constant<int, 4>());
  pick(std::integral_constant<int, 1>());
}

// Once a device, before the first launch: a block takes more shared memory than the default.
inline void prepare_sample() {
  for (int blocks : {1, 2, 4, 8}) {
    if (blocks > 1 && !has_clusters()) break;
    for (bool vectors : {false, true})
      with_kernel(blocks, vectors, [](auto, auto draw) {
        FK_CUDA_CHECK(cudaFuncSetAttribute(draw, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                           int(sizeof(DrawShared))));
      });
  }
}

// partials: splits_of(rows, vocab) a row. blocks: 1, 2, 4 or 8.
inline void launch_sample(const Args& a, int blocks, cudaStream_t stream) {
  if (!a.rows) return;
  const bool vectors = reinterpret_cast<uintptr_t>(a.logits) % 16 == 0 && a.row % 4 == 0;
  with_kernel(blocks, vectors, [&](auto scan, auto draw) {
    launch(scan, dim3(a.rows * a.splits), dim3(kScanThreads), 0, stream, true, a);
    launch(draw, dim3(a.rows * uint32_t(blocks)), dim3(kThreads), sizeof(DrawShared), stream, true,
           a);
  });
}
inline void launch_sample(const Args& a, cudaStream_t stream) {
  launch_sample(a, blocks_of(a.rows), stream);
}

}  // namespace fk::cuda::sampling
