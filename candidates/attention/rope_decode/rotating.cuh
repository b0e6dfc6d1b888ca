// SPDX-License-Identifier: Apache-2.0
// The source of decode attention that is also the step's rotary embedding and its store: q, k and v
// as the projection left them.
//
// q: whoever has a part of an item (a sequence and a kv head) reads the item's heads of q and
// rotates them in registers. The rotated heads go back where they came from once nobody can read
// them any more: by the one block that has the item alone, or by the last to arrive.
//
// k, v: the warp whose tile has the sequence's newest key reads it and its value, alone of all,
// rotates the key, stores both and keeps them in registers until that tile has arrived without
// them. So nothing of this step is read from the caches, and a ring is filled with all it can hold
// before wait_for_previous().
//
// A sequence may have its newest key elsewhere than its row is stored (a negative slot: nowhere).
// Then the row is rotated and stored as slot_mapping says, and the cache is read as it is.
#pragma once
#include "../../../baselines/cuda/decode_stream.cuh"
#include "../../../baselines/cuda/rotary.cuh"

namespace fk::rope_decode {

using cuda::PagedAttentionParams;
using cuda::decode::Place;

// Two neighbouring elements, as floats and back.
template <class T>
__device__ float2 unpack(uint32_t x);
template <>
__device__ inline float2 unpack<__nv_bfloat16>(uint32_t x) {
  return {__uint_as_float(x << 16), __uint_as_float(x & 0xffff0000u)};
}
template <>
__device__ inline float2 unpack<__half>(uint32_t x) {
  return __half22float2(*reinterpret_cast<const __half2*>(&x));
}

// Elements i and i + 1 of the lower half of what is rotated and of the upper one, by the angles
// with cosines c and sines s.
template <class T>
__device__ uint32_t turn_low(uint32_t low, uint32_t high, float2 c, float2 s) {
  const float2 u = unpack<T>(low), v = unpack<T>(high);
  return cuda::Mma<T>::pack(cuda::turned_low(u.x, v.x, c.x, s.x),
                            cuda::turned_low(u.y, v.y, c.y, s.y));
}
template <class T>
__device__ uint32_t turn_high(uint32_t low, uint32_t high, float2 c, float2 s) {
  const float2 u = unpack<T>(low), v = unpack<T>(high);
  return cuda::Mma<T>::pack(cuda::turned_high(u.x, v.x, c.x, s.x),
                            cuda::turned_high(u.y, v.y, c.y, s.y));
}

// In elements of T; the caches are those of PagedAttentionParams. `pairs` is a multiple of 8, and
// rows of q, k and v begin at 16 bytes.
struct Rotating {
  static constexpr bool kWaits = false;

  const int64_t *positions, *slots;
  const float* table;
  void *q, *k;
  const void* v;
  void *key, *value;
  int64_t k_row, k_head, v_row, v_head;
  int64_t last_position;
  int slot_count, pairs;

  class Cached {
   public:
    __device__ explicit Cached(const Rotating& source) : source_(source) {}
    __device__ void enter(const Place& at) { slot_ = __ldg(source_.slots + at.seq); }
    __device__ int count(const Place& at, int token, int64_t slot) const {
      const int newest = at.length - 1;
      const bool here = newest >= token && newest < token + cuda::decode::kTile;
      return here && slot_ == slot + (newest - token) ? newest : at.length;
    }

   private:
    const Rotating& source_;
    int64_t slot_ = -1;
  };

  template <class T, int D>
  class Newest;
};

template <class T, int D>
class Rotating::Newest {
 public:
  __device__ Newest(const Rotating& source, const PagedAttentionParams& p, const Place& at,
                    float* own)
      : a_(source), p_(p), angles_(own) {
    enter(at);
  }

  // This lane's 16 bytes of the row of the table.
  __device__ void announce() {
    const int64_t position = cuda::table_row(position_, a_.last_position);
    const float* angles = a_.table + position * 2 * a_.pairs;
    if (lane() < a_.pairs / 2) held_ = __ldg(reinterpret_cast<const float4*>(angles) + lane());
  }

  __device__ void begin(const Place& at, int to, uint32_t (&query)[D / 16][2]) {
    if (at.row != row_) enter(at), announce();
    mine_ = to == at.end && int(threadIdx.x / 32) == tile_of_newest(at);
    uint32_t other[kWords] = {};
    if (mine_) read(at, other);
    if (lane() < a_.pairs / 2) reinterpret_cast<float4*>(angles_)[lane()] = held_;
    __syncwarp();
    rotate(at, query);
    if (mine_) store(at, other);
    __syncwarp();  // `angles_` is the results' from now on
  }

  __device__ void insert(const Place& at, int chunk, uint32_t keys) const {
    if (!mine_ || !fresh_ || chunk + 1 != at.end) return;
    const int row = (at.length - 1) % cuda::decode::kTile;
#pragma unroll
    for (int i = 0; i < kWords; ++i) {
      const int word = lane() + 32 * i;
      const uint32_t to = keys + cuda::tile_offset<D>(row, word / 4) + uint32_t(word % 4) * 4;
      put(to, key_[i]);
      put(to + cuda::decode::kTile * D * 2, value_[i]);
    }
    __syncwarp();
  }

  // Lane 4 * g + t holds pieces 4 * i + t of head g; a warp writes every fourth i.
  __device__ void finish(const Place& at, const uint32_t (&query)[D / 16][2]) const {
    const int warp = int(threadIdx.x / 32), g = lane() / 4, t = lane() % 4;
    if (g >= p_.group) return;
    uint32_t* head = words(a_.q, at.row * p_.q_row + int64_t(at.head * p_.group + g) * p_.q_head);
#pragma unroll
    for (int i = 0; i < D / 8; ++i)
      if (i % cuda::decode::kWarps == warp) head[4 * i + t] = query[i / 2][i % 2];
  }

 private:
  static constexpr int kWords = D / 64;  // pieces of 4 bytes of a head that a lane has

  __device__ void enter(const Place& at) {
    row_ = at.row;
    position_ = __ldg(a_.positions + row_);
  }
  __device__ static int lane() { return int(threadIdx.x % 32); }
  __device__ static int tile_of_newest(const Place& at) {
    return at.length > 0 ? (at.length - 1) % cuda::decode::kChunk / cuda::decode::kTile : 0;
  }
  __device__ static uint32_t* words(void* p, int64_t element) {
    return reinterpret_cast<uint32_t*>(static_cast<T*>(p) + element);
  }
  __device__ static const uint32_t* words(const void* p, int64_t element) {
    return reinterpret_cast<const uint32_t*>(static_cast<const T*>(p) + element);
  }
  __device__ static void put(uint32_t to, uint32_t x) {
    asm volatile("st.shared.b32 [%0], %1;" ::"r"(to), "r"(x) : "memory");
  }
  __device__ float2 cosines(int word) const {
    return *reinterpret_cast<const float2*>(angles_ + 2 * word);
  }
  __device__ float2 sines(int word) const {
    return *reinterpret_cast<const float2*>(angles_ + a_.pairs + 2 * word);
  }
  // The piece of a head that a piece is rotated with; itself where it is not rotated.
  __device__ int other_of(int word) const {
    const int half = a_.pairs / 2;
    return word < half ? word + half : word < a_.pairs ? word - half : word;
  }
  __device__ uint32_t turned(int word, uint32_t one, uint32_t other) const {
    const int half = a_.pairs / 2;
    if (word < half) return turn_low<T>(one, other, cosines(word), sines(word));
    if (word < a_.pairs) return turn_high<T>(other, one, cosines(word - half), sines(word - half));
    return one;
  }

  __device__ uint32_t* key_of(const Place& at) const {
    return words(a_.k, at.row * a_.k_row + at.head * a_.k_head);
  }
  __device__ void read(const Place& at, uint32_t (&other)[kWords]) {
    const uint32_t* key = key_of(at);
    const uint32_t* value = words(a_.v, at.row * a_.v_row + at.head * a_.v_head);
#pragma unroll
    for (int i = 0; i < kWords; ++i) {
      const int word = lane() + 32 * i;
      key_[i] = key[word];
      other[i] = key[other_of(word)];
      value_[i] = value[word];
    }
    slot_ = __ldg(a_.slots + at.row);
    const int newest = at.length - 1;
    const int64_t block =
        newest < 0 ? -1 : __ldg(p_.table + at.seq * p_.table_stride + newest / p_.block_size);
    fresh_ = newest >= 0 && slot_ == block * p_.block_size + newest % p_.block_size;
  }
  // Every lane has read what it needs when any writes: after a barrier of the warp.
  __device__ void store(const Place& at, const uint32_t (&other)[kWords]) {
#pragma unroll
    for (int i = 0; i < kWords; ++i) key_[i] = turned(lane() + 32 * i, key_[i], other[i]);
    uint32_t* key = key_of(at);
#pragma unroll
    for (int i = 0; i < kWords; ++i) key[lane() + 32 * i] = key_[i];
    if (slot_ < 0 || slot_ >= a_.slot_count) return;
    const int block = int(slot_) / p_.block_size, token = int(slot_) % p_.block_size;
    uint32_t* keys =
        words(a_.key, block * p_.key_block + token * p_.key_token + int64_t(at.head) * p_.key_head);
    uint32_t* values = words(a_.value, block * p_.value_block + token * p_.value_token +
                                           int64_t(at.head) * p_.value_head);
#pragma unroll
    for (int i = 0; i < kWords; ++i) {
      keys[lane() + 32 * i] = key_[i];
      values[lane() + 32 * i] = value_[i];
    }
  }

  // Piece 4 * i + t of head g is query[i / 2][i % 2] of lane 4 * g + t.
  __device__ void rotate(const Place& at, uint32_t (&query)[D / 16][2]) const {
    const int g = lane() / 4, t = lane() % 4;
    if (2 * a_.pairs == D) {  // the whole head: both of a pair are this lane's
#pragma unroll
      for (int i = 0; i < D / 16; ++i) {
        const int j = i + D / 16;
        const float2 c = cosines(4 * i + t), s = sines(4 * i + t);
        const uint32_t low = query[i / 2][i % 2], high = query[j / 2][j % 2];
        query[i / 2][i % 2] = turn_low<T>(low, high, c, s);
        query[j / 2][j % 2] = turn_high<T>(low, high, c, s);
      }
    } else if (g < p_.group) {
      const uint32_t* head =
          words(p_.q, at.row * p_.q_row + int64_t(at.head * p_.group + g) * p_.q_head);
#pragma unroll
      for (int i = 0; i < D / 8; ++i) {
        const int word = 4 * i + t;
        query[i / 2][i % 2] = turned(word, query[i / 2][i % 2], head[other_of(word)]);
      }
    }
  }

  const Rotating& a_;
  const PagedAttentionParams& p_;
  float* angles_;  // 2 * pairs: cosines, then sines
  float4 held_{};
  int row_ = -1;
  int64_t position_ = 0;
  bool mine_ = false, fresh_ = false;
  int64_t slot_ = -1;
  uint32_t key_[kWords] = {}, value_[kWords] = {};
};

}  // namespace fk::rope_decode
