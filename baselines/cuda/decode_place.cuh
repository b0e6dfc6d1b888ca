// SPDX-License-Identifier: Apache-2.0
// Where the work of paged attention's decode kernels lies: the keys of all (sequence, kv head)
// items as one line of chunks of 64 keys, and the share of it that a CTA has.
#pragma once
#include "paged_attention.hpp"

namespace fk::cuda::decode {

inline constexpr int kWarps = 4, kThreads = kWarps * 32, kTile = 16, kChunk = kWarps * kTile,
                     kHeads = 8;
inline constexpr int kCtasPerSm = 2, kMaxCtas = 264;
inline constexpr unsigned kAll = 0xffffffffu;

template <int D>
struct Layout {
  static constexpr int kStages = 384 / D;  // 24 KB a warp
  static constexpr int kStageBytes = 2 * kTile * D * 2;
  static constexpr int kRingBytes = kWarps * kStages * kStageBytes;
  static constexpr int kSumRow = D + 4;  // 2 * kSumRow % 32 == 8: no bank conflicts
  static constexpr int kSumBytes = kWarps * kHeads * kSumRow * 4;
  static constexpr int kMergeBytes = kMaxCtas * kHeads * 8;
  static constexpr int kBytes = kRingBytes + (kSumBytes > kMergeBytes ? kSumBytes : kMergeBytes);
};

// Chunks of the keys that a sequence's query sees. One, empty, when there are no keys: it writes
// the zeros. None for a sequence that is not this kernel's.
struct Chunks {
  int begin, end;
  __device__ Chunks(const PagedAttentionParams& p, int seq, int length) {
    begin = (p.window > 0 ? max(0, length - p.window) : 0) / kChunk;
    end = max(begin + 1, (length + kChunk - 1) / kChunk);
    if (p.singles_apart && __ldg(p.starts + seq + 1) - __ldg(p.starts + seq) != 1) end = begin;
  }
  __device__ int count() const { return end - begin; }
};

// A place on the line of chunks: sequence by sequence, in it head by head.
struct Place {
  int seq, head, chunk, begin, end, length, first;  // chunks [begin, end), keys [first, length)
  int row;                                          // of q and out

  __device__ void enter(const PagedAttentionParams& p, int s) {
    seq = s;
    length = __ldg(p.lengths + s);
    first = p.window > 0 ? max(0, length - p.window) : 0;
    row = p.singles_apart ? __ldg(p.starts + s) : s;
    const Chunks c(p, s, length);
    begin = c.begin, end = c.end, chunk = begin;
  }
  // To the next chunk; true when it is the first of another item.
  __device__ bool advance(const PagedAttentionParams& p) {
    if (++chunk < end) return false;
    chunk = begin;
    if (++head == p.num_kv_heads) {
      head = 0;
      while (seq + 1 < p.num_seqs) {
        enter(p, seq + 1);
        if (begin < end) break;
      }
    }
    return true;
  }
};

struct Share {
  int begin, end, size;   // of the line; `size` is that of every CTA
  int seq, head, offset;  // where `begin` lies
};

// What this CTA computes. Every CTA adds up the lengths for itself: cheaper than a kernel before.
__device__ inline Share find_share(const PagedAttentionParams& p) {
  __shared__ int warp_sums[kWarps], warp_longest[kWarps], found[3];
  const int thread = threadIdx.x, warp = thread / 32, lane = thread % 32;
  const int per = (p.num_seqs + kThreads - 1) / kThreads;
  const int from = min(p.num_seqs, thread * per), to = min(p.num_seqs, from + per);
  int mine = 0, longest = 1;
  for (int s = from; s < to; ++s) {
    const int count = Chunks(p, s, __ldg(p.lengths + s)).count();
    mine += count * p.num_kv_heads;
    longest = max(longest, count);
  }
  int upto = mine;  // inclusive sum over the warp
  for (int o = 1; o < 32; o *= 2) {
    const int other = __shfl_up_sync(kAll, upto, o);
    if (lane >= o) upto += other;
  }
  longest = __reduce_max_sync(kAll, longest);
  if (lane == 31) warp_sums[warp] = upto, warp_longest[warp] = longest;
  __syncthreads();
  int total = 0, before = upto - mine;
  for (int w = 0; w < kWarps; ++w) {
    if (w < warp) before += warp_sums[w];
    total += warp_sums[w];
    longest = max(longest, warp_longest[w]);
  }
  Share share;
  share.size = (total + gridDim.x - 1) / int(gridDim.x);
  // Whole items where that costs next to no balance: nothing to merge.
  const int whole = (share.size + longest - 1) / longest * longest;
  if ((whole - share.size) * 16 <= share.size) share.size = whole;
  share.begin = int(blockIdx.x) * share.size;
  share.end = min(total, share.begin + share.size);
  if (share.begin >= before && share.begin < before + mine) {
    int rest = share.begin - before;
    for (int s = from; s < to; ++s) {
      const int count = Chunks(p, s, __ldg(p.lengths + s)).count();
      if (rest < count * p.num_kv_heads) {
        found[0] = s, found[1] = rest / count, found[2] = rest % count;
        break;
      }
      rest -= count * p.num_kv_heads;
    }
  }
  __syncthreads();
  share.seq = found[0], share.head = found[1], share.offset = found[2];
  return share;
}

}  // namespace fk::cuda::decode
