// SPDX-License-Identifier: Apache-2.0
// Few rows of x against a row-major matrix: the weights stream through once and memory sets the
// pace. An output is one chain over its row whatever n is, so it does not depend on the batch it
// stands in.

template <class T, int N, int R>
void dot_rows(const T* w, int64_t ldw, int64_t k, const float* x, int64_t ldx, float* y,
              int64_t ldy) {
  V sum[R][N];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int j = 0; j < N; ++j) sum[r][j] = zero();
  int64_t i = 0;
  for (; i + W <= k; i += W) {
    V a[R];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      a[r] = load(w + r * ldw + i);
      __builtin_prefetch(w + (r + R) * ldw + i);  // the same column of the rows after these
    }
#pragma GCC unroll 8
    for (int j = 0; j < N; ++j) {
      const V b = load(x + j * ldx + i);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) sum[r][j] = fma(a[r], b, sum[r][j]);
    }
  }
  if (i < k) {
    const int m = int(k - i);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const V a = load_n(w + r * ldw + i, m);
#pragma GCC unroll 8
      for (int j = 0; j < N; ++j) sum[r][j] = fma(a, load_n(x + j * ldx + i, m), sum[r][j]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int j = 0; j < N; ++j) y[j * ldy + r] = hsum(sum[r][j]);
}

template <class T, int R>
void dot_batch(const DotArgs& a, int64_t row) {
  const T* w = static_cast<const T*>(a.w) + row * a.ldw;
  int64_t j = 0;
  for (; j + 4 <= a.n && W == 16; j += 4)
    dot_rows<T, 4, R>(w, a.ldw, a.k, a.x + j * a.ldx, a.ldx, a.y + j * a.ldy + row, a.ldy);
  for (; j + 2 <= a.n; j += 2)
    dot_rows<T, 2, R>(w, a.ldw, a.k, a.x + j * a.ldx, a.ldx, a.y + j * a.ldy + row, a.ldy);
  if (j < a.n)
    dot_rows<T, 1, R>(w, a.ldw, a.k, a.x + j * a.ldx, a.ldx, a.y + j * a.ldy + row, a.ldy);
}

template <class T>
void dot(const DotArgs& a) {
  int64_t row = a.begin;
  for (; row + 4 <= a.end; row += 4) dot_batch<T, 4>(a, row);
  for (; row < a.end; ++row) dot_batch<T, 1>(a, row);
}
