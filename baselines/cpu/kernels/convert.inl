// SPDX-License-Identifier: Apache-2.0
// Between storage and fp32, and the packing of activations for gemm.

template <class T>
void widen_row(const void* from, float* to, int64_t n) {
  const T* p = static_cast<const T*>(from);
  int64_t i = 0;
  for (; i + W <= n; i += W) store(to + i, load(p + i));
  if (i < n) store_n(to + i, load_n(p + i, int(n - i)), int(n - i));
}

template <class T>
void narrow_row(const float* from, void* to, int64_t n) {
  T* p = static_cast<T*>(to);
  int64_t i = 0;
  for (; i + W <= n; i += W) store(p + i, load(from + i));
  if (i < n) store_n(p + i, load_n(from + i, int(n - i)), int(n - i));
}

template <class T>
void narrow_bias_row(const float* from, const float* bias, void* to, int64_t n) {
  T* p = static_cast<T*>(to);
  int64_t i = 0;
  for (; i + W <= n; i += W) store(p + i, load(from + i) + load(bias + i));
  if (i < n) {
    const int m = int(n - i);
    store_n(p + i, load_n(from + i, m) + load_n(bias + i, m), m);
  }
}

inline void block_sums(const float* x, float* sums, int64_t blocks) {
  for (int64_t b = 0; b < blocks; ++b) {
    V s = load(x + b * 32);
    for (int i = W; i < 32; i += W) s = s + load(x + b * 32 + i);
    sums[b] = hsum(s);
  }
}

// kTile <= W: a block of W columns is transposed in registers and its W short rows stored one after
// another. Each store may run past its kTile values into the place of the next one, which is
// written after it; only the last must not. `row(j)`: where row j of the tile begins.
template <class T, class Row>
inline void pack_tile(const Row& row, int rows, int64_t k, float* to) {
  static_assert(kTile <= W);
  const T* p[W];
  for (int j = 0; j < W; ++j) p[j] = j < rows ? row(j) : nullptr;
  for (int64_t i = 0; i < k; i += W) {
    const int n = int(k - i < W ? k - i : W);
    V r[W];
#pragma GCC unroll 16
    for (int j = 0; j < W; ++j)
      r[j] = j >= rows ? zero() : n == W ? load(p[j] + i) : load_n(p[j] + i, n);
    transpose(r);
    if (i + W < k) {
#pragma GCC unroll 16
      for (int j = 0; j < W; ++j) store(to + (i + j) * kTile, r[j]);
    } else {
      for (int j = 0; j < n; ++j) store_n(to + (i + j) * kTile, r[j], kTile);
    }
  }
}
template <class T>
void pack_x_tile(const void* x, int64_t ldx, int rows, int64_t k, float* to) {
  pack_tile<T>([&](int j) { return static_cast<const T*>(x) + j * ldx; }, rows, k, to);
}
