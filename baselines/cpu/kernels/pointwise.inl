// SPDX-License-Identifier: Apache-2.0
// Norms, activations, sums and rotations of one row: fp32 inside, rounded once on the way out.

// f(offset, count): whole vectors first, then the rest.
template <class F>
inline void by_vectors(int64_t n, const F& f) {
  int64_t i = 0;
  for (; i + W <= n; i += W) f(i, W);
  if (i < n) f(i, int(n - i));
}
template <class T>
inline V get(const T* p, int n) {
  return n == W ? load(p) : load_n(p, n);
}
template <class T>
inline void put(T* p, V v, int n) {
  n == W ? store(p, v) : store_n(p, v, n);
}
inline V keep(V v, int n) {  // the first n lanes, the rest 0
  if (n == W) return v;
  float part[W] = {};
  store_n(part, v, n);
  return load(part);
}

// residual += x, rounded to its dtype, when there is one; returns the row to normalise.
template <class T>
const T* add_residual(const void* x, void* residual, int64_t d) {
  const T* in = static_cast<const T*>(x);
  if (!residual) return in;
  T* sum = static_cast<T*>(residual);
  by_vectors(d, [&](int64_t i, int n) { put(sum + i, get(sum + i, n) + get(in + i, n), n); });
  return sum;
}

template <class T>
void rms_norm(const void* x, void* residual, const void* weight, void* y, int64_t d, float eps) {
  const T* in = add_residual<T>(x, residual, d);
  const T* w = static_cast<const T*>(weight);
  T* out = static_cast<T*>(y);
  V squares = zero();
  by_vectors(d, [&](int64_t i, int n) {
    const V v = get(in + i, n);
    squares = fma(v, v, squares);
  });
  const V factor = set1(1.0f / __builtin_sqrtf(hsum(squares) / float(d) + eps));
  by_vectors(d,
             [&](int64_t i, int n) { put(out + i, get(in + i, n) * factor * get(w + i, n), n); });
}

template <class T>
void layer_norm(const void* x, void* residual, const void* weight, const void* bias, void* y,
                int64_t d, float eps) {
  const T* in = add_residual<T>(x, residual, d);
  const T* w = static_cast<const T*>(weight);
  const T* b = static_cast<const T*>(bias);
  T* out = static_cast<T*>(y);
  V sum = zero();
  by_vectors(d, [&](int64_t i, int n) { sum = sum + get(in + i, n); });
  const float mean = hsum(sum) / float(d);
  V squares = zero();  // of the deviations, not a difference of large numbers
  by_vectors(d, [&](int64_t i, int n) {
    const V v = keep(get(in + i, n) - set1(mean), n);
    squares = fma(v, v, squares);
  });
  const V factor = set1(1.0f / __builtin_sqrtf(hsum(squares) / float(d) + eps));
  by_vectors(d, [&](int64_t i, int n) {
    V v = (get(in + i, n) - set1(mean)) * factor;
    if (w) v = v * get(w + i, n);
    if (b) v = v + get(b + i, n);
    put(out + i, v, n);
  });
}

template <class T>
void silu_and_mul(const void* gate, const void* up, void* y, int64_t d) {
  const T *g = static_cast<const T*>(gate), *u = static_cast<const T*>(up);
  T* out = static_cast<T*>(y);
  by_vectors(d, [&](int64_t i, int n) {
    const V v = get(g + i, n), silu = v / (set1(1.0f) + vexp(zero() - v));
    // vexp ends before infinity does: 0 from there on, and NaN of minus infinity.
    put(out + i, select_lt(v, set1(-88.3f), v * zero(), silu) * get(u + i, n), n);
  });
}

template <class T>
void gelu(const void* x, void* y, int64_t d, bool tanh_form) {
  const T* in = static_cast<const T*>(x);
  T* out = static_cast<T*>(y);
  if (tanh_form) {
    by_vectors(d, [&](int64_t i, int n) {
      const V v = get(in + i, n), inner = set1(0.797884561f) * fma(set1(0.044715f) * v * v, v, v);
      put(out + i, set1(0.5f) * v * (set1(1.0f) + vtanh(inner)), n);
    });
    return;
  }
  by_vectors(d, [&](int64_t i, int n) {
    // 0 and not small from 10 on, so that infinity stays and minus infinity is NaN.
    const V v = get(in + i, n), t = vabs(v) * set1(0.707106781f),
            tail = select_lt(t, set1(10.0f), verfc(t), zero());
    put(out + i, set1(0.5f) * v * select_lt(v, zero(), tail, set1(2.0f) - tail), n);
  });
}

template <class T>
void add(const void* a, const void* b, void* y, int64_t d) {
  const T *p = static_cast<const T*>(a), *q = static_cast<const T*>(b);
  by_vectors(
      d, [&](int64_t i, int n) { put(static_cast<T*>(y) + i, get(p + i, n) + get(q + i, n), n); });
}

template <class T>
void scale(const void* x, float factor, void* y, int64_t d) {
  const T* p = static_cast<const T*>(x);
  by_vectors(
      d, [&](int64_t i, int n) { put(static_cast<T*>(y) + i, get(p + i, n) * set1(factor), n); });
}

template <class T>
float sum_squares(const void* x, int64_t d) {
  const T* p = static_cast<const T*>(x);
  V s = zero();
  by_vectors(d, [&](int64_t i, int n) {
    const V v = get(p + i, n);
    s = fma(v, v, s);
  });
  return hsum(s);
}

template <class T>
void rotate(void* head, const float* cosines, const float* sines, int64_t pairs, bool neox) {
  T* h = static_cast<T*>(head);
  if (!neox) {
    for (int64_t i = 0; i < pairs; ++i) {
      const float a = to_float(h[2 * i]), b = to_float(h[2 * i + 1]);
      from_float(a * cosines[i] - b * sines[i], h + 2 * i);
      from_float(b * cosines[i] + a * sines[i], h + 2 * i + 1);
    }
    return;
  }
  by_vectors(pairs, [&](int64_t i, int n) {
    const V a = get(h + i, n), b = get(h + pairs + i, n), c = get(cosines + i, n),
            s = get(sines + i, n);
    put(h + i, a * c - b * s, n);
    put(h + pairs + i, fma(a, s, b * c), n);
  });
}

inline int64_t argmax(const float* x, int64_t n) {
  constexpr int64_t kPart = 512;  // only the part that holds the maximum is searched for its place
  float best = -__builtin_inff();
  int64_t at = 0;
  for (int64_t p = 0; p < n; p += kPart) {
    const int64_t m = n - p < kPart ? n - p : kPart;
    V top = set1(-__builtin_inff());
    int64_t i = 0;
    for (; i + W <= m; i += W) {
      const V v = load(x + p + i);
      top = select_lt(top, v, v, top);
    }
    float part = hmax(top);
    for (; i < m; ++i) part = x[p + i] > part ? x[p + i] : part;
    if (part > best) {
      best = part;
      at = p;
    }
  }
  for (int64_t i = at; i < n; ++i)
    if (x[i] == best) return i;
  return 0;
}
