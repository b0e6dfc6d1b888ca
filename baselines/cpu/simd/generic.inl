// SPDX-License-Identifier: Apache-2.0
// Vectors of 4 floats in the compiler's own vector type: any machine.
typedef float V __attribute__((vector_size(16)));
typedef int32_t I __attribute__((vector_size(16)));
constexpr int W = 4;

inline V zero() { return V{}; }
inline V set1(float x) { return V{x, x, x, x}; }
inline V fma(V a, V b, V c) { return a * b + c; }
inline V vmax(V a, V b) { return a > b ? a : b; }
inline V vmin(V a, V b) { return a < b ? a : b; }
inline V vabs(V a) { return a < 0 ? -a : a; }
inline V vsqrt(V a) {
  return V{__builtin_sqrtf(a[0]), __builtin_sqrtf(a[1]), __builtin_sqrtf(a[2]),
           __builtin_sqrtf(a[3])};
}
inline V select_lt(V a, V b, V yes, V no) { return a < b ? yes : no; }
inline I to_int(V a) {
  const V half = a < 0 ? set1(-0.5f) : set1(0.5f);
  return __builtin_convertvector(a + half, I);
}
inline V to_v(I a) { return __builtin_convertvector(a, V); }
inline V pow2(I n) { return reinterpret_cast<V>((n + 127) << 23); }

template <class T>
inline V load_n(const T* p, int n) {
  V v{};
  for (int i = 0; i < n; ++i) v[i] = to_float(p[i]);
  return v;
}
template <class T>
inline V load(const T* p) {
  return load_n(p, W);
}
template <class T>
inline void store_n(T* p, V v, int n) {
  for (int i = 0; i < n; ++i) from_float(v[i], p + i);
}
template <class T>
inline void store(T* p, V v) {
  store_n(p, v, W);
}
template <>
inline V load(const float* p) {
  V v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
template <>
inline void store(float* p, V v) {
  std::memcpy(p, &v, sizeof v);
}

inline float hsum(V v) { return (v[0] + v[2]) + (v[1] + v[3]); }
inline float hmax(V v) {
  float m = v[0];
  for (int i = 1; i < W; ++i) m = v[i] > m ? v[i] : m;
  return m;
}

inline I load_words(const uint8_t* p) {
  I w;
  std::memcpy(&w, p, sizeof w);
  return w;
}
inline V nibble(I words, int s) { return to_v((words >> (4 * s)) & 15); }
inline V from_i8(const int8_t* p) { return V{float(p[0]), float(p[1]), float(p[2]), float(p[3])}; }

inline void transpose(V (&r)[W]) {
  for (int i = 0; i < W; ++i)
    for (int j = 0; j < i; ++j) {
      const float x = r[i][j];
      r[i][j] = r[j][i];
      r[j][i] = x;
    }
}
