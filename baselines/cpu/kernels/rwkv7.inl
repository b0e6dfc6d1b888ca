// SPDX-License-Identifier: Apache-2.0
// RWKV-7: its elementwise fusions and the recurrence. fp32 inside, rounded once on the way out.

// y[i] = f(operand[i]...) in whole vectors, then the rest. f captures by [&] even when there is
// nothing to capture: a lambda that converts to a function pointer gets a thunk without the
// instruction set.
template <class T, class F, class... P>
inline void map_vectors(void* y, int64_t n, const F& f, const P*... operands) {
  by_vectors(n, [&](int64_t i, int m) {
    put(static_cast<T*>(y) + i, f(get(static_cast<const T*>(operands) + i, m)...), m);
  });
}

template <class T>
void sigmoid(const void* x, void* y, int64_t n, float scale) {
  map_vectors<T>(
      y, n, [&](V v) { return set1(scale) / (set1(1.0f) + vexp(zero() - v)); }, x);
}
template <class T>
void tanh_row(const void* x, void* y, int64_t n) {
  map_vectors<T>(
      y, n, [&](V v) { return vtanh(v); }, x);
}
template <class T>
void squared_relu(const void* x, void* y, int64_t n) {
  map_vectors<T>(
      y, n,
      [&](V v) {
        const V p = vmax(v, zero());
        return p * p;
      },
      x);
}
template <class T>
void sub(const void* a, const void* b, void* y, int64_t n) {
  map_vectors<T>(
      y, n, [&](V p, V q) { return p - q; }, a, b);
}
template <class T>
void mul(const void* a, const void* b, void* y, int64_t n) {
  map_vectors<T>(
      y, n, [&](V p, V q) { return p * q; }, a, b);
}
template <class T>
void lerp(const void* x, const void* end, const void* weight, void* y, int64_t n) {
  map_vectors<T>(
      y, n, [&](V p, V e, V t) { return fma(t, e - p, p); }, x, end, weight);
}
template <class T>
void addcmul(const void* x, const void* delta, const void* mix, void* y, int64_t n) {
  map_vectors<T>(
      y, n, [&](V p, V d, V m) { return fma(d, m, p); }, x, delta, mix);
}
template <class T>
void fused_k(const void* k, const void* a, const void* k_a, void* y, int64_t n) {
  map_vectors<T>(
      y, n, [&](V p, V rate, V m) { return p * fma(rate - set1(1.0f), m, set1(1.0f)); }, k, a, k_a);
}
template <class T>
void correct(const void* o, const void* r, const void* k, const void* r_k, const void* v,
             const void* g, void* y, int64_t n) {
  const T *pr = static_cast<const T*>(r), *pk = static_cast<const T*>(k),
          *pw = static_cast<const T*>(r_k);
  V sum = zero();
  by_vectors(n, [&](int64_t i, int m) {
    sum = fma(get(pr + i, m) * get(pk + i, m), get(pw + i, m), sum);
  });
  const V bonus = set1(hsum(sum));
  map_vectors<T>(
      y, n, [&](V p, V q, V gate) { return fma(bonus, q, p) * gate; }, o, v, g);
}

// What one token does to kParts vectors of value columns beside each other: the columns do not see
// each other, and kParts independent sums hide the latency of the multiply-adds. `n`: lanes of the
// last vector.
struct Wkv7Token {
  const float *decay, *key, *remove, *replace, *query;
};
template <class T, int kParts>
inline void wkv7_columns(const Wkv7Token& t, const T* v, T* out, float* state, int64_t stride,
                         int64_t dim, int n) {
  auto at = [&](int64_t i, int p) { return state + i * stride + p * W; };
  auto lanes = [&](int p) { return p + 1 == kParts ? n : W; };
  V u[kParts], sum[kParts], value[kParts];
  for (int p = 0; p < kParts; ++p) {
    u[p] = sum[p] = zero();
    value[p] = get(v + p * W, lanes(p));
  }
  for (int64_t i = 0; i < dim; ++i)
    for (int p = 0; p < kParts; ++p) u[p] = fma(set1(-t.remove[i]), get(at(i, p), lanes(p)), u[p]);
  for (int64_t i = 0; i < dim; ++i)
    for (int p = 0; p < kParts; ++p) {
      const V kept = fma(set1(t.replace[i]), u[p], set1(t.decay[i]) * get(at(i, p), lanes(p)));
      const V cell = fma(set1(t.key[i]), value[p], kept);
      put(at(i, p), cell, lanes(p));
      sum[p] = fma(set1(t.query[i]), cell, sum[p]);
    }
  for (int p = 0; p < kParts; ++p) put(out + p * W, sum[p], lanes(p));
}

template <class T>
void wkv7(const Wkv7Args& a) {
  float decay[kMaxWkvDim], key[kMaxWkvDim], remove[kMaxWkvDim], replace[kMaxWkvDim],
      query[kMaxWkvDim];
  const Wkv7Token token{decay, key, remove, replace, query};
  for (int64_t t = 0; t < a.tokens; ++t) {
    auto row = [&](const void* p, int i) { return static_cast<const T*>(p) + t * a.stride[i]; };
    by_vectors(a.dim, [&](int64_t i, int n) {
      const V removal = get(row(a.kk, 4) + i, n);
      put(decay + i, vexp(get(row(a.w, 1) + i, n)), n);
      put(key + i, get(row(a.k, 2) + i, n), n);
      put(query + i, get(row(a.r, 0) + i, n), n);
      put(remove + i, removal, n);
      put(replace + i, removal * get(row(a.a, 5) + i, n), n);
    });
    const T* v = row(a.v, 3);
    T* out = static_cast<T*>(a.out) + t * a.stride[6];
    int64_t j = 0;
    for (; j + 4 * W <= a.dim; j += 4 * W)
      wkv7_columns<T, 4>(token, v + j, out + j, a.state + j, a.state_stride, a.dim, W);
    for (; j < a.dim; j += W)
      wkv7_columns<T, 1>(token, v + j, out + j, a.state + j, a.state_stride, a.dim,
                         int(a.dim - j < W ? a.dim - j : W));
  }
}

#define FKC_TYPES(f) \
  { f<float>, f<bf16>, f<f16> }
constexpr Rwkv7Kernels make_rwkv7_table() {
  return {
      .sigmoid = FKC_TYPES(sigmoid),
      .tanh = FKC_TYPES(tanh_row),
      .squared_relu = FKC_TYPES(squared_relu),
      .sub = FKC_TYPES(sub),
      .mul = FKC_TYPES(mul),
      .lerp = FKC_TYPES(lerp),
      .addcmul = FKC_TYPES(addcmul),
      .fused_k = FKC_TYPES(fused_k),
      .correct = FKC_TYPES(correct),
      .wkv7 = FKC_TYPES(wkv7),
  };
}
#undef FKC_TYPES
