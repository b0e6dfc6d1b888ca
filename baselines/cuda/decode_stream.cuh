// SPDX-License-Identifier: Apache-2.0
// How a warp of the decode kernels reads its keys and values: asynchronous copies into a ring of
// tiles that run on across items, a running softmax over what has arrived. What the step itself
// adds (q, and each sequence's newest key and value) comes by a source, a template parameter:
// Stored where kernels before this one have put all of it into place.
#pragma once
#include <cmath>

#include "attention_mma.cuh"
#include "decode_place.cuh"
#include "fk/device/pdl.cuh"

namespace fk::cuda::decode {

// The source of attention over what is stored. Another one has the same members.
struct Stored {
  // Whether tiles with a newest key may be read only after wait_for_previous().
  static constexpr bool kWaits = true;
  // For who copies tiles: all keys of a sequence are in the cache.
  struct Cached {
    __device__ explicit Cached(const Stored&) {}
    __device__ void enter(const Place&) {}
    // How many keys of `at` the cache holds, as far as the tile from `token` on, whose first key
    // has slot `slot` in it, shows.
    __device__ int count(const Place& at, int, int64_t) const { return at.length; }
  };
  // For who multiplies them: one warp's part in an item. `own`: the shared memory of its
  // results, from the start of an item until they are laid down there.
  template <class T, int D>
  struct Newest {
    // At the first item, before the ring is filled.
    __device__ Newest(const Stored&, const PagedAttentionParams&, const Place&, float*) {}
    // Then, and before wait_for_previous().
    __device__ void announce() {}
    // The item at `at`, of which this block has the chunks up to `to`, with q as read.
    __device__ void begin(const Place&, int, uint32_t (&)[D / 16][2]) {}
    // Into the tile of `chunk`, which has arrived, before it is used.
    __device__ void insert(const Place&, int, uint32_t) const {}
    // By all warps of one block, after every block has read its q.
    __device__ void finish(const Place&, const uint32_t (&)[D / 16][2]) const {}
  };
};

// One warp's side of the copies: its 16 keys of every chunk, keys and values, into its ring.
template <class T, int D, class Source>
class Loader {
 public:
  __device__ Loader(const PagedAttentionParams& p, const Source& source, const Place& start,
                    int count, uint32_t ring)
      : p_(p), place_(start), left_(count), ring_(ring), cached_(source) {
    if (left_ > 0) enter();
  }
  // Whether the next tile holds nothing that this step wrote.
  __device__ bool settled() const {
    if constexpr (!Source::kWaits) return true;
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
      const int end = cached_.count(place_, token, block * p_.block_size + at);
      const T* key = static_cast<const T*>(p_.key) + block * p_.key_block + at * p_.key_token +
                     place_.head * p_.key_head + column * 8;
      const T* value = static_cast<const T*>(p_.value) + block * p_.value_block +
                       at * p_.value_token + place_.head * p_.value_head + column * 8;
      const uint32_t to = ring_ + uint32_t(stage * Layout<D>::kStageBytes);
#pragma unroll
      for (int r = lane / kRowChunks, j = 0; j < kTile / kRowsAtOnce; ++j, r += kRowsAtOnce) {
        const bool valid = token + r >= place_.first && token + r < end;
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
    cached_.enter(place_);
    blocks_.begin(p_.table + place_.seq * p_.table_stride,
                  place_.chunk * kChunk + int(threadIdx.x / 32) * kTile, kChunk, place_.length,
                  p_.block_size);
  }
  const PagedAttentionParams& p_;
  Place place_;
  int left_;
  uint32_t ring_;
  BlockCursor blocks_;
  typename Source::Cached cached_;
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

// A warp's tiles of one run of chunks, in order: into its ring, and out of it again.
template <class T, int D, class Source>
class Stream {
 public:
  using Newest = typename Source::template Newest<T, D>;
  // The `count` chunks from `start` on; `shared`: the CTA's rings.
  __device__ Stream(const PagedAttentionParams& p, const Source& source, const Place& start,
                    int count, void* shared)
      : p_(p),
        warp_(threadIdx.x / 32),
        ring_(shared_address(shared) +
              uint32_t(warp_ * Layout<D>::kStages * Layout<D>::kStageBytes)),
        loader_(p, source, start, count, ring_) {}
  // Fills the ring; what this step may have written, after the kernel before has ended.
  __device__ void fill(Newest& newest) {
    int filled = 0;
#pragma unroll 1
    for (; filled < Layout<D>::kStages && loader_.settled(); ++filled) loader_.next(filled);
    newest.announce();
    device::wait_for_previous();
#pragma unroll 1
    for (; filled < Layout<D>::kStages; ++filled) loader_.next(filled);
  }
  // The next chunks, which are [from, to) of the item at `at`.
  __device__ void add_to(Running<T, D>& running, const Newest& newest, const Place& at, int from,
                         int to) {
#pragma unroll 1
    for (int chunk = from; chunk < to; ++chunk) {
      copy_wait<Layout<D>::kStages - 1>();
      __syncwarp();
      const uint32_t tile = ring_ + uint32_t(stage_ * Layout<D>::kStageBytes);
      newest.insert(at, chunk, tile);
      running.add(p_, at, chunk * kChunk + warp_ * kTile, tile);
      __syncwarp();
      loader_.next(stage_);
      stage_ = stage_ + 1 == Layout<D>::kStages ? 0 : stage_ + 1;
    }
  }

 private:
  const PagedAttentionParams& p_;
  int warp_;
  uint32_t ring_;
  Loader<T, D, Source> loader_;
  int stage_ = 0;
};

}  // namespace fk::cuda::decode
