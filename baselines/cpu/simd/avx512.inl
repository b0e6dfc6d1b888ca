// SPDX-License-Identifier: Apache-2.0
// Vectors of 16 floats: AVX-512 F, DQ, BW, VL. The same names stand in avx2.inl and generic.inl.
using V = __m512;
using I = __m512i;
constexpr int W = 16;

inline V zero() { return _mm512_setzero_ps(); }
inline V set1(float x) { return _mm512_set1_ps(x); }
inline V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
inline V vmax(V a, V b) { return _mm512_max_ps(a, b); }
inline V vmin(V a, V b) { return _mm512_min_ps(a, b); }
inline V vabs(V a) { return _mm512_abs_ps(a); }
inline V vsqrt(V a) { return _mm512_sqrt_ps(a); }
inline V select_lt(V a, V b, V yes, V no) {  // a < b ? yes : no
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
}
inline I to_int(V a) { return _mm512_cvtps_epi32(a); }  // to nearest
inline V to_v(I a) { return _mm512_cvtepi32_ps(a); }
inline V pow2(I n) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(n, _mm512_set1_epi32(127)), 23));
}

inline __mmask16 first(int n) { return __mmask16((1u << n) - 1); }
inline V load(const float* p) { return _mm512_loadu_ps(p); }
inline V load_n(const float* p, int n) { return _mm512_maskz_loadu_ps(first(n), p); }
inline void store(float* p, V v) { _mm512_storeu_ps(p, v); }
inline void store_n(float* p, V v, int n) { _mm512_mask_storeu_ps(p, first(n), v); }

inline V widen(__m256i h, bf16*) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16));
}
inline V widen(__m256i h, f16*) { return _mm512_cvtph_ps(h); }
inline __m256i narrow(V v, bf16*) {
  const __m512i u = _mm512_castps_si512(v);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
  __m512i r =
      _mm512_srli_epi32(_mm512_add_epi32(u, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff))), 16);
  const __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
  r = _mm512_mask_or_epi32(r, nan, _mm512_srli_epi32(u, 16), _mm512_set1_epi32(64));
  return _mm512_cvtepi32_epi16(r);
}
inline __m256i narrow(V v, f16*) {
  return _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

template <class T>
inline V load(const T* p) {
  return widen(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)), static_cast<T*>(nullptr));
}
template <class T>
inline V load_n(const T* p, int n) {
  return widen(_mm256_maskz_loadu_epi16(first(n), p), static_cast<T*>(nullptr));
}
template <class T>
inline void store(T* p, V v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), narrow(v, p));
}
template <class T>
inline void store_n(T* p, V v, int n) {
  _mm256_mask_storeu_epi16(p, first(n), narrow(v, p));
}

inline float hsum(V v) { return _mm512_reduce_add_ps(v); }
inline float hmax(V v) { return _mm512_reduce_max_ps(v); }

// W bytes per step: 32-bit words of 8 nibbles, one word a row.
inline I load_words(const uint8_t* p) { return _mm512_loadu_si512(p); }
// float(nibble s): vpermps looks only at the low four bits of every lane, so no mask and no
// conversion.
inline V nibble(I words, int s) {
  const V identity = _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return _mm512_permutexvar_ps(s ? _mm512_srli_epi32(words, unsigned(4 * s)) : words, identity);
}
inline V from_i8(const int8_t* p) {
  return _mm512_cvtepi32_ps(
      _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}

// r[i][j] = r[j][i]
inline void transpose(V (&r)[W]) {
  V t[W];
#pragma GCC unroll 16
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16;
       i += 4) {  // r[i + j] holds columns j, j + 4, j + 8, j + 12 of rows i .. i + 3
    const __m512d a = _mm512_castps_pd(t[i]), b = _mm512_castps_pd(t[i + 1]);
    const __m512d c = _mm512_castps_pd(t[i + 2]), d = _mm512_castps_pd(t[i + 3]);
    r[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
    r[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
    r[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
    r[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
  }
#pragma GCC unroll 16
  for (int j = 0; j < 4; ++j) {
    const V lo01 = _mm512_shuffle_f32x4(r[j], r[j + 4], 0x88),
            hi01 = _mm512_shuffle_f32x4(r[j], r[j + 4], 0xdd);
    const V lo23 = _mm512_shuffle_f32x4(r[j + 8], r[j + 12], 0x88),
            hi23 = _mm512_shuffle_f32x4(r[j + 8], r[j + 12], 0xdd);
    t[j] = _mm512_shuffle_f32x4(lo01, lo23, 0x88);
    t[j + 8] = _mm512_shuffle_f32x4(lo01, lo23, 0xdd);
    t[j + 4] = _mm512_shuffle_f32x4(hi01, hi23, 0x88);
    t[j + 12] = _mm512_shuffle_f32x4(hi01, hi23, 0xdd);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) r[i] = t[i];
}
