// SPDX-License-Identifier: Apache-2.0
// Paged attention of one query a sequence: reads every key and value once, so all that counts is to
// keep the memory busy on every multiprocessor until the end.
//
// Balance: the keys of all (sequence, kv head) items form one line of chunks of 64 keys. Each CTA
// of a fixed grid finds its equal share of that line from the lengths on the device, so a graph
// replays with any lengths and one long sequence does not stand alone. A share that covers part of
// an item leaves a partial result; the CTA that arrives last adds the partials up, in the order of
// the line.
//
// Start: only the newest key and value of a sequence may come from a kernel just before this one;
// the step's tensors and everything older were there before the step's first kernel. So shares are
// found and the rings filled, up to the first tile with a newest key, before wait_for_previous().
//
// Flow: the four warps of a CTA take 16 keys each of a chunk and never wait for each other within
// an item. Each has a ring of tiles in shared memory filled by asynchronous copies that run on
// across items; two CTAs an SM keep 128 KB on their way.
//
// Arithmetic: transposed, so that nothing is padded but the group (to 8): scores^T = K q^T takes 16
// keys as the rows of an m16n8k16 product, out^T = V^T p^T takes 16 elements of the head.
#include <cooperative_groups.h>

#include <cmath>

#include "attention_mma.cuh"
#include "fk/cuda.hpp"
#include "fk/device/pdl.cuh"
#include "fk/device/reduce.cuh"
#include "fk/device/vec.cuh"
#include "paged_attention.hpp"

namespace fk::cuda {
namespace {

constexpr int kWarps = 4, kThreads = kWarps * 32, kTile = 16, kChunk = kWarps * kTile, kHeads = 8;
constexpr int kCtasPerSm = 2, kMaxCtas = 264;
constexpr unsigned kAll = 0xffffffffu;

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
__device__ Share find_share(const PagedAttentionParams& p) {
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

// One warp's side of the copies: its 16 keys of every chunk, keys and values, into its ring.
template <class T, int D>
class Loader {
 public:
  __device__ Loader(const PagedAttentionParams& p, const Place& start, int count, uint32_t ring)
      : p_(p), place_(start), left_(count), ring_(ring) {
    if (left_ > 0) enter();
  }
  // Whether the next tile holds nothing that this step wrote.
  __device__ bool settled() const {
    const int token = place_.chunk * kChunk + int(threadIdx.x / 32) * kTile;
    return left_ <= 0 || token + kTile < place_.length || token >= place_.length;
  }
  // Starts the next tile into stage `stage`, and closes a group in any case.
  __device__ void next(int stage) {
    if (left_ > 0) {
      const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
      constexpr int kRowChunks = D / 8, kRowsAtOnce = 32 / kRowChunks;
      const int token = place_.chunk * kChunk + warp * kTile;
      const int64_t block = blocks_.next();
      const int at = token % p_.block_size;
      const int column = lane % kRowChunks;
      const T* key = static_cast<const T*>(p_.key) + block * p_.key_block + at * p_.key_token +
                     place_.head * p_.key_head + column * 8;
      const T* value = static_cast<const T*>(p_.value) + block * p_.value_block +
                       at * p_.value_token + place_.head * p_.value_head + column * 8;
      const uint32_t to = ring_ + uint32_t(stage * Layout<D>::kStageBytes);
#pragma unroll
      for (int r = lane / kRowChunks, j = 0; j < kTile / kRowsAtOnce; ++j, r += kRowsAtOnce) {
        const bool valid = token + r >= place_.first && token + r < place_.length;
        const uint32_t offset = tile_offset<D>(r, column);
        copy_async(to + offset, key + r * p_.key_token, valid);
        copy_async(to + kTile * D * 2 + offset, value + r * p_.value_token, valid);
      }
      if (--left_ > 0 && place_.advance(p_)) enter();
    }
    copy_commit();
  }

 private:
  __device__ void enter() {
    blocks_.begin(p_.table + place_.seq * p_.table_stride,
                  place_.chunk * kChunk + int(threadIdx.x / 32) * kTile, kChunk, place_.length,
                  p_.block_size);
  }
  const PagedAttentionParams& p_;
  Place place_;
  int left_;
  uint32_t ring_;
  BlockCursor blocks_;
};

// A warp's running softmax over the keys it has seen. Lane = 4 * g + t holds heads 2t and 2t + 1.
template <class T, int D>
struct Running {
  uint32_t query[D / 16][2];  // head g, as the second operand
  float sum[D / 16][4];       // elements 16 i + g (+ 8) of heads 2t, 2t + 1
  float total[4];             // the sum of the weights, in [0] and [1]
  float largest[2], slope[2];

  __device__ void begin(const PagedAttentionParams& p, const Place& at) {
    const int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
    const T* q = static_cast<const T*>(p.q) + at.row * p.q_row +
                 int64_t(at.head * p.group + g) * p.q_head + 2 * t;
#pragma unroll
    for (int i = 0; i < D / 16; ++i) {
      query[i][0] = query[i][1] = 0;
      if (g < p.group) {
        query[i][0] = *reinterpret_cast<const uint32_t*>(q + i * 16);
        query[i][1] = *reinterpret_cast<const uint32_t*>(q + i * 16 + 8);
      }
      sum[i][0] = sum[i][1] = sum[i][2] = sum[i][3] = 0;
    }
    total[0] = total[1] = total[2] = total[3] = 0;
#pragma unroll
    for (int j = 0; j < 2; ++j) {
      largest[j] = -INFINITY;
      slope[j] = p.slopes && 2 * t + j < p.group ? p.slopes[at.head * p.group + 2 * t + j] : 0.f;
    }
  }

  // The tile at `keys` (values behind it), whose first key is `token`.
  __device__ void add(const PagedAttentionParams& p, const Place& at, int token, uint32_t keys) {
    const int lane = threadIdx.x % 32, g = lane / 4;
    float s[4] = {}, odd[4] = {};
#pragma unroll
    for (int i = 0; i < D / 16; ++i) {
      uint32_t a[4];
      load_matrix(a, keys + tile_offset<D>(lane % 16, 2 * i + lane / 16));
      Mma<T>::run(i % 2 ? odd : s, a, query[i][0], query[i][1]);
    }
    float factor[2];
#pragma unroll
    for (int j = 0; j < 2; ++j) {
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        const int key = token + g + 8 * i;
        float x = (s[2 * i + j] + odd[2 * i + j]) * p.scale;
        if (p.soft_cap > 0) x = p.soft_cap * tanhf(x / p.soft_cap);
        x = (x + slope[j] * float(key - (at.length - 1))) * kLog2e;
        s[2 * i + j] = key >= at.first && key < at.length ? x : -INFINITY;
      }
      float top = fmaxf(s[j], s[2 + j]);
      top = fmaxf(top, __shfl_xor_sync(kAll, top, 4));
      top = fmaxf(top, __shfl_xor_sync(kAll, top, 8));
      top = fmaxf(top, __shfl_xor_sync(kAll, top, 16));
      top = fmaxf(top, largest[j]);
      const float base = top == -INFINITY ? 0.f : top;  // no key yet: every weight is 2^-inf
      factor[j] = exp2_fast(largest[j] - base);
      s[j] = exp2_fast(s[j] - base);
      s[2 + j] = exp2_fast(s[2 + j] - base);
      largest[j] = top;
    }
    if (__any_sync(kAll, factor[0] != 1.f || factor[1] != 1.f)) {
#pragma unroll
      for (int i = 0; i < D / 16; ++i)
#pragma unroll
        for (int c = 0; c < 4; ++c) sum[i][c] *= factor[c % 2];
      total[0] *= factor[0], total[1] *= factor[1];
    }
    // Heads by keys as the product gave it; keys by heads as the next one wants it.
    const uint32_t b0 = transpose_matrix(Mma<T>::pack(s[0], s[1]));
    const uint32_t b1 = transpose_matrix(Mma<T>::pack(s[2], s[3]));
    const uint32_t values = keys + kTile * D * 2;
#pragma unroll
    for (int i = 0; i < D / 16; ++i) {
      uint32_t a[4];
      load_matrix_transposed(
          a, values + tile_offset<D>(lane % 8 + lane / 16 * 8, 2 * i + lane / 8 % 2));
      Mma<T>::run(sum[i], a, b0, b1);
    }
    // The weights are added up as rounded, so that their rounding cancels in the quotient.
    const uint32_t ones[4] = {Mma<T>::kOnes, Mma<T>::kOnes, Mma<T>::kOnes, Mma<T>::kOnes};
    Mma<T>::run(total, ones, b0, b1);
  }
};

template <class T>
__device__ void store_row4(const PagedAttentionParams& p, const Place& at, int head, int element,
                           const float (&x)[4], float total) {
  const float by = total > 0 ? 1.f / total : 0.f;
  device::Vec<T, 4> y;
#pragma unroll
  for (int i = 0; i < 4; ++i) y[i] = device::from_float<T>(x[i] * by);
  T* out = static_cast<T*>(p.out) + at.row * p.out_row +
           int64_t(at.head * p.group + head) * p.out_head + element;
  device::store(out, y);
}

// A warp's results to shared memory, and the sum of the four, in their order.
template <int D, class Running>
__device__ void lay_down(const Running& running, float* sums, float (&maxima)[kWarps][kHeads],
                         float (&totals)[kWarps][kHeads]) {
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
#pragma unroll
  for (int i = 0; i < D / 16; ++i)
#pragma unroll
    for (int c = 0; c < 4; ++c)
      sums[(warp * kHeads + 2 * t + c % 2) * Layout<D>::kSumRow + i * 16 + g + c / 2 * 8] =
          running.sum[i][c];
  if (g == 0) {
    maxima[warp][2 * t] = running.largest[0], maxima[warp][2 * t + 1] = running.largest[1];
    totals[warp][2 * t] = running.total[0], totals[warp][2 * t + 1] = running.total[1];
  }
}
template <int D>
__device__ void add_warps(const float* sums, const float (&maxima)[kWarps][kHeads],
                          const float (&totals)[kWarps][kHeads], int head, int element,
                          float (&x)[4], float& total, float& top) {
  top = maxima[0][head];
  for (int v = 1; v < kWarps; ++v) top = fmaxf(top, maxima[v][head]);
  x[0] = x[1] = x[2] = x[3] = total = 0;
#pragma unroll
  for (int v = 0; v < kWarps; ++v) {
    const float weight = top == -INFINITY ? 0.f : exp2_fast(maxima[v][head] - top);
    const float4 y =
        *reinterpret_cast<const float4*>(sums + (v * kHeads + head) * Layout<D>::kSumRow + element);
    x[0] += weight * y.x, x[1] += weight * y.y, x[2] += weight * y.z, x[3] += weight * y.w;
    total += weight * totals[v][head];
  }
}

template <class T, int D>
__global__ void __launch_bounds__(kThreads, kCtasPerSm)
    paged_attention_decode_kernel(const __grid_constant__ PagedAttentionParams p,
                                  const DecodeWorkspace w) {
  using L = Layout<D>;
  extern __shared__ __align__(128) unsigned char shared[];
  __shared__ float maxima[kWarps][kHeads], totals[kWarps][kHeads];
  __shared__ bool last;
  float* sums = reinterpret_cast<float*>(shared + L::kRingBytes);
  float2* merging = reinterpret_cast<float2*>(sums);  // never both at a time
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;

  device::launch_next();
  const Share share = find_share(p);
  if (share.begin >= share.end) return device::wait_for_previous();  // or the next would not
  Place at;
  at.enter(p, share.seq);
  at.head = share.head;
  at.chunk += share.offset;
  const uint32_t ring = shared_address(shared) + uint32_t(warp * L::kStages * L::kStageBytes);
  Loader<T, D> loader(p, at, share.end - share.begin, ring);
  int filled = 0;
#pragma unroll 1
  for (; filled < L::kStages && loader.settled(); ++filled) loader.next(filled);
  device::wait_for_previous();
#pragma unroll 1
  for (; filled < L::kStages; ++filled) loader.next(filled);

  const int partial_size = p.group * (D + 4);
  int stage = 0;
  for (int line = share.begin; line < share.end;) {
    // One item, or the part of it that lies in the share.
    const int from = at.chunk, to = min(at.end, from + share.end - line);
    Running<T, D> running;
    running.begin(p, at);
#pragma unroll 1
    for (int chunk = from; chunk < to; ++chunk) {
      copy_wait<L::kStages - 1>();
      __syncwarp();
      running.add(p, at, chunk * kChunk + warp * kTile, ring + uint32_t(stage * L::kStageBytes));
      __syncwarp();
      loader.next(stage);
      stage = stage + 1 == L::kStages ? 0 : stage + 1;
    }

    lay_down<D>(running, sums, maxima, totals);
    __syncthreads();
    const bool complete = from == at.begin && to == at.end;
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

// One or two sequences: a cluster of 16 an item, each block its part of the keys. The parts meet in
// distributed shared memory, where the line's partial results would make three trips to L2; the
// price, that a short sequence leaves its blocks idle, is small for two.
constexpr int kFewSeqs = 2, kFewSplit = 16;

template <class T, int D>
__global__ void __launch_bounds__(kThreads, kCtasPerSm)
    paged_attention_few_kernel(const __grid_constant__ PagedAttentionParams p) {
  using L = Layout<D>;
  extern __shared__ __align__(128) unsigned char shared[];
  __shared__ float maxima[kWarps][kHeads], totals[kWarps][kHeads];
  __shared__ float2 merging[kHeads];
  float* sums = reinterpret_cast<float*>(shared + L::kRingBytes);
  auto cluster = cooperative_groups::this_cluster();
  const int warp = threadIdx.x / 32, rank = int(cluster.block_rank());
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
  const uint32_t ring = shared_address(shared) + uint32_t(warp * L::kStages * L::kStageBytes);
  Loader<T, D> loader(p, at, to - from, ring);
  int filled = 0;
#pragma unroll 1
  for (; filled < L::kStages && loader.settled(); ++filled) loader.next(filled);
  device::wait_for_previous();
#pragma unroll 1
  for (; filled < L::kStages; ++filled) loader.next(filled);

  Running<T, D> running;
  running.begin(p, at);
  int stage = 0;
#pragma unroll 1
  for (int chunk = from; chunk < to; ++chunk) {
    copy_wait<L::kStages - 1>();
    __syncwarp();
    running.add(p, at, chunk * kChunk + warp * kTile, ring + uint32_t(stage * L::kStageBytes));
    __syncwarp();
    loader.next(stage);
    stage = stage + 1 == L::kStages ? 0 : stage + 1;
  }
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
}

template <class T, int D>
void run_few(const PagedAttentionParams& p, cudaStream_t stream) {
  launch_clusters(paged_attention_few_kernel<T, D>, kFewSplit,
                  unsigned(p.num_seqs * p.num_kv_heads * kFewSplit), kThreads, Layout<D>::kBytes,
                  stream, true, p);
}

template <class T, int D>
void run_decode(const PagedAttentionParams& p, const DecodeWorkspace& w, cudaStream_t stream) {
  if (p.num_seqs <= kFewSeqs && p.num_seqs * p.num_kv_heads * kFewSplit <= w.ctas)
    return run_few<T, D>(p, stream);
  launch(paged_attention_decode_kernel<T, D>, dim3(unsigned(w.ctas)), kThreads, Layout<D>::kBytes,
         stream, true, p, w);
}

template <class T, int D>
void prepare() {
  const auto few = paged_attention_few_kernel<T, D>;
  FK_CUDA_CHECK(
      cudaFuncSetAttribute(few, cudaFuncAttributeMaxDynamicSharedMemorySize, Layout<D>::kBytes));
  FK_CUDA_CHECK(cudaFuncSetAttribute(few, cudaFuncAttributeNonPortableClusterSizeAllowed, 1));
  FK_CUDA_CHECK(cudaFuncSetAttribute(few, cudaFuncAttributePreferredSharedMemoryCarveout, 100));
  FK_CUDA_CHECK(cudaFuncSetAttribute(paged_attention_decode_kernel<T, D>,
                                     cudaFuncAttributeMaxDynamicSharedMemorySize,
                                     Layout<D>::kBytes));
  FK_CUDA_CHECK(cudaFuncSetAttribute(paged_attention_decode_kernel<T, D>,
                                     cudaFuncAttributePreferredSharedMemoryCarveout, 100));
}

}  // namespace

void prepare_paged_attention_decode() {
  prepare<__nv_bfloat16, 64>(), prepare<__nv_bfloat16, 128>();
  prepare<__half, 64>(), prepare<__half, 128>();
}

int decode_ctas(int multiprocessors) {
  const int ctas = multiprocessors * kCtasPerSm;
  return ctas < kMaxCtas ? ctas : kMaxCtas;
}

int64_t decode_partial_floats(const PagedAttentionParams& p, int ctas) {
  return int64_t(2) * ctas * p.group * (p.head_size + 4);
}

void launch_paged_attention_decode(const PagedAttentionParams& p, const DecodeWorkspace& w,
                                   Element element, cudaStream_t stream) {
  const bool bfloat = element == Element::kBFloat16;
  if (p.head_size == 128)
    bfloat ? run_decode<__nv_bfloat16, 128>(p, w, stream) : run_decode<__half, 128>(p, w, stream);
  else
    bfloat ? run_decode<__nv_bfloat16, 64>(p, w, stream) : run_decode<__half, 64>(p, w, stream);
}

}  // namespace fk::cuda
