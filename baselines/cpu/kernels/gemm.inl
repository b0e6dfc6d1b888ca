// SPDX-License-Identifier: Apache-2.0
// Many rows of x: a tile of kTile rows times panels of 16 outputs that stand transposed (and
// dequantised) in cache. An output is one FMA chain over k in order, so it does not depend on the
// other rows or on the tile's height.

// 16 rows of w as [k][16].
template <class T>
void panel(const void* weights, int64_t ldw, int rows, int64_t k, float* to) {
  const T* w = static_cast<const T*>(weights);
  for (int h = 0; h < kGroup; h += W) {
    for (int64_t i = 0; i < k; i += W) {
      const int n = int(k - i < W ? k - i : W);
      V r[W];
#pragma GCC unroll 16
      for (int j = 0; j < W; ++j) {
        const T* p = w + (h + j) * ldw + i;
        __builtin_prefetch(
            p + kGroup * ldw);  // the next panel's rows: 16 streams are too many to be foreseen
        r[j] = h + j >= rows ? zero() : n == W ? load(p) : load_n(p, n);
      }
      transpose(r);
      for (int j = 0; j < n; ++j) store(to + (i + j) * kGroup + h, r[j]);
    }
  }
}

// XR, XK: distance in x from row to row and from column to column.
template <int R, int G, int XR, int XK>
void tile(int64_t k, const float* x, const float* p, int64_t stride, float* c, int64_t ldc,
          bool accumulate, const float* bias) {
  constexpr int S = kGroup / W;
  V sum[R][G * S];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int s = 0; s < G * S; ++s)
      sum[r][s] = accumulate ? load(c + r * ldc + s * W) : bias ? load(bias + s * W) : zero();
  for (int64_t i = 0; i < k; ++i) {
    V b[G * S];
#pragma GCC unroll 8
    for (int s = 0; s < G * S; ++s) b[s] = load(p + (s / S) * stride + i * kGroup + (s % S) * W);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const V a = set1(x[r * XR + i * XK]);
#pragma GCC unroll 8
      for (int s = 0; s < G * S; ++s) sum[r][s] = fma(a, b[s], sum[r][s]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int s = 0; s < G * S; ++s) store(c + r * ldc + s * W, sum[r][s]);
}

using TileFn = void (*)(int64_t, const float*, const float*, int64_t, float*, int64_t, bool,
                        const float*);
template <int G, int XR, int XK, int... R>
constexpr void fill_tiles(TileFn* to, std::integer_sequence<int, R...>) {
  ((to[R] = tile<R + 1, G, XR, XK>), ...);
}
template <int G, int XR, int XK>
struct Tiles {
  TileFn of[kTile];
  constexpr Tiles() : of{} { fill_tiles<G, XR, XK>(of, std::make_integer_sequence<int, kTile>()); }
};

template <int XR, int XK>
void gemm_with(const GemmArgs& a) {
  static constexpr Tiles<1, XR, XK> one;
  int g = 0;
  if constexpr (kPanels == 2) {
    static constexpr Tiles<2, XR, XK> two;
    for (; g + 2 <= a.groups; g += 2)
      two.of[a.rows - 1](a.k, a.x, a.panels + g * a.panel_stride, a.panel_stride, a.c + g * kGroup,
                         a.ldc, a.accumulate, a.bias ? a.bias + g * kGroup : nullptr);
  }
  for (; g < a.groups; ++g)
    one.of[a.rows - 1](a.k, a.x, a.panels + g * a.panel_stride, a.panel_stride, a.c + g * kGroup,
                       a.ldc, a.accumulate, a.bias ? a.bias + g * kGroup : nullptr);
}

inline void gemm(const GemmArgs& a) { gemm_with<1, kTile>(a); }
