// SPDX-License-Identifier: Apache-2.0
// Between storage and fp32, and the packing of activations for gemm.

template <class T> void widen_row(const void* from, float* to, int64_t n) {
  const T* p = static_cast<const T*>(from);
  int64_t i = 0;
  for (; i + W <= n; i += W) store(to + i, load(p + i));
  if (i < n) store_n(to + i, load_n(p + i, int(n - i)), int(n - i));
}

template <class T> void narrow_row(const float* from, void* to, int64_t n) {
  T* p = static_cast<T*>(to);
  int64_t i = 0;
  for (; i + W <= n; i += W) store(p + i, load(from + i));
  if (i < n) store_n(p + i, load_n(from + i, int(n - i)), int(n - i));
}

template <class T> void narrow_bias_row(const float* from, const float* bias, void* to, int64_t n) {
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

template <class T> void pack_x_tile(const void* x, int64_t ldx, int rows, int64_t k, float* to) {
  const T* p = static_cast<const T*>(x);
  constexpr int kPart = 64;  // columns at a time: a row's part is contiguous, the target stays in L1
  float part[kPart];
  for (int64_t k0 = 0; k0 < k; k0 += kPart) {
    const int n = int(k - k0 < kPart ? k - k0 : kPart);
    for (int r = 0; r < rows; ++r) {
      widen_row<T>(p + r * ldx + k0, part, n);
      for (int i = 0; i < n; ++i) to[(k0 + i) * kTile + r] = part[i];
    }
  }
  for (int r = rows; r < kTile; ++r)
    for (int64_t i = 0; i < k; ++i) to[i * kTile + r] = 0;
}
