// SPDX-License-Identifier: Apache-2.0
// Attention with a running softmax over blocks of kKeyBlock keys. The heads that share a key head
// stand as rows of one tile, so every key and value is read and transposed once for all of them;
// both products run in gemm's tiles. A single query (decode) goes the same way: its handful of rows
// share the packing too.

template <class T>
inline const T* key_row(const AttendArgs& a, const void* base, int64_t stride, int64_t block_stride,
                        int64_t key) {
  const T* p = static_cast<const T*>(base);
  if (!a.block_table) return p + key * stride;
  return p + a.block_table[key / a.block_size] * block_stride + key % a.block_size * stride;
}

// Keys as panels of 16 keys, [d][16]; values as panels of 16 dims, [key][16]. Missing keys and dims
// are 0: what lies behind the last key in the cache may be anything, NaN included.
template <class T>
void pack_keys(const AttendArgs& a, int64_t first, int count, int64_t d, float* keys,
               float* values) {
  const int64_t dims = a.head_size;
  for (int g = 0; g < kKeyBlock; g += W) {
    if (g / kGroup * kGroup >= count) break;  // whole panels only
    const T* rows[W];
#pragma GCC unroll 16
    for (int j = 0; j < W; ++j)
      rows[j] = g + j < count ? key_row<T>(a, a.k, a.k_stride, a.k_block, first + g + j) : nullptr;
    float* to = keys + g / kGroup * kGroup * d + g % kGroup;
    for (int64_t i = 0; i < dims; i += W) {
      const int n = int(dims - i < W ? dims - i : W);
      V r[W];
#pragma GCC unroll 16
      for (int j = 0; j < W; ++j) r[j] = rows[j] ? get(rows[j] + i, n) : zero();
      transpose(r);
      for (int j = 0; j < n; ++j) store(to + (i + j) * kGroup, r[j]);
    }
  }
  for (int key = 0; key < count; ++key) {
    const T* row = key_row<T>(a, a.v, a.v_stride, a.v_block, first + key);
    for (int64_t i = 0; i < d; i += W) {
      const int64_t left = dims - i;
      const V v = left <= 0 ? zero() : get(row + i, int(left < W ? left : W));
      store(values + i / kGroup * kGroup * kKeyBlock + key * kGroup + i % kGroup, v);
    }
  }
}

inline float exp1(float x) {
  float lanes[W];
  store(lanes, vexp(set1(x)));
  return x < -87.0f ? 0.0f : lanes[0];
}

// scores -> exp(scores - running maximum), 0 where the row may not look; rescales what the row has
// summed so far.
inline void softmax_row(const AttendArgs& a, float* scores, int64_t first, int count,
                        int64_t position, int head, float* maximum, float* denominator, float* sums,
                        int64_t d) {
  int64_t low = 0, high = count;
  if (a.causal && position + 1 - first < high) high = position + 1 - first;
  if (a.window > 0 && position + 1 - a.window - first > low) low = position + 1 - a.window - first;
  const int padded = int(round_up(count, W));
  if (low >= high) {
    for (int i = 0; i < padded; i += W) store(scores + i, zero());
    return;
  }
  alignas(64) static const float kIota[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const V lanes = load(kIota), minus_infinity = set1(-__builtin_inff());
  V top = minus_infinity;
  for (int i = 0; i < padded; i += W) {
    V s = load(scores + i) * set1(a.scale);
    if (a.soft_cap > 0) s = set1(a.soft_cap) * vtanh(s / set1(a.soft_cap));
    const V key = lanes + set1(float(i));
    if (a.slopes) s = fma(set1(a.slopes[head]), key + set1(float(first - position)), s);
    if (i < low || i + W > high) {
      s = select_lt(key, set1(float(low)), minus_infinity, s);
      s = select_lt(key, set1(float(high)), s, minus_infinity);
    }
    store(scores + i, s);
    top = vmax(s, top);
  }
  const float before = *maximum, block = hmax(top), now = block > before ? block : before;
  V sum = zero();
  for (int i = 0; i < padded; i += W) {
    const V s = load(scores + i), p = vexp(s - set1(now));
    const V kept = select_lt(minus_infinity, s, p, zero());
    store(scores + i, kept);
    sum = sum + kept;
  }
  const float factor = now > before ? exp1(before - now) : 1.0f;
  if (factor != 1.0f) {
    *denominator *= factor;
    for (int64_t i = 0; i < d; i += W) store(sums + i, load(sums + i) * set1(factor));
  }
  *maximum = now;
  *denominator += hsum(sum);
}

template <class T>
void attend(const AttendArgs& a) {
  const int rows = a.positions * a.group;
  const int64_t d = round_up(a.head_size, kGroup);
  const int tiles = (rows + kTile - 1) / kTile;
  float* q = a.scratch;                               // tiles of [head_size][kTile]
  float* sums = q + int64_t(tiles) * kTile * d;       // [rows][d]
  float* scores = sums + int64_t(tiles) * kTile * d;  // [rows][kScoreStride]
  float* maxima = scores + int64_t(tiles) * kTile * kScoreStride;
  float* denominators = maxima + int64_t(tiles) * kTile;
  float* keys = denominators + int64_t(tiles) * kTile;
  keys += (64 - reinterpret_cast<uintptr_t>(keys) % 64) % 64 / 4;
  float* values = keys + kKeyBlock * d;
  for (int t = 0; t < tiles; ++t) {
    const auto row = [&](int j) {
      const int r = t * kTile + j;
      return static_cast<const T*>(a.q) + r / a.group * a.q_position + r % a.group * a.q_head;
    };
    pack_tile<T>(row, rows - t * kTile < kTile ? rows - t * kTile : kTile, a.head_size,
                 q + int64_t(t) * kTile * d);
  }
  for (int r = 0; r < tiles * kTile; ++r) {
    for (int64_t i = 0; i < d; i += W) store(sums + r * d + i, zero());
    maxima[r] = -__builtin_inff();
    denominators[r] = 0;
  }
  int64_t first = a.key_begin, last = a.key_end;
  if (a.causal && a.first_position + a.positions < last) last = a.first_position + a.positions;
  if (a.window > 0 && a.first_position + 1 - a.window >
                          first)  // from a multiple of the block on: the same blocks for all tiles
    first = a.key_begin + (a.first_position + 1 - a.window - a.key_begin) / kKeyBlock * kKeyBlock;
  for (int64_t key = first; key < last; key += kKeyBlock) {
    const int count = int(last - key < kKeyBlock ? last - key : kKeyBlock);
    const int groups = (count + kGroup - 1) / kGroup;
    pack_keys<T>(a, key, count, d, keys, values);
    for (int t = 0; t < tiles; ++t) {
      const int height = rows - t * kTile < kTile ? rows - t * kTile : kTile;
      float* tile_scores = scores + int64_t(t) * kTile * kScoreStride;
      gemm_with<1, kTile>({q + int64_t(t) * kTile * d, keys, kGroup * d, a.head_size, height,
                           groups, tile_scores, kScoreStride, false});
      for (int r = t * kTile; r < t * kTile + height; ++r)
        softmax_row(a, scores + int64_t(r) * kScoreStride, key, count,
                    a.first_position + r / a.group, r % a.group, maxima + r, denominators + r,
                    sums + int64_t(r) * d, d);
      gemm_with<kScoreStride, 1>({tile_scores, values, int64_t(kKeyBlock) * kGroup, count, height,
                                  int(d / kGroup), sums + int64_t(t) * kTile * d, d, true});
    }
  }
  for (int r = 0; r < rows; ++r) {
    const float* sum = sums + int64_t(r) * d;
    if (a.partial) {
      float* to = a.partial + int64_t(r) * (a.head_size + 2);
      by_vectors(a.head_size, [&](int64_t i, int n) { put(to + i, get(sum + i, n), n); });
      to[a.head_size] = maxima[r];
      to[a.head_size + 1] = denominators[r];
      continue;
    }
    T* to = static_cast<T*>(a.out) + r / a.group * a.out_position + r % a.group * a.out_head;
    const V factor = set1(denominators[r] > 0 ? 1.0f / denominators[r] : 0.0f);
    by_vectors(a.head_size, [&](int64_t i, int n) { put(to + i, get(sum + i, n) * factor, n); });
  }
}
