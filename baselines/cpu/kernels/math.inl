// SPDX-License-Identifier: Apache-2.0
// exp, tanh and the complementary error function to about 1e-7 relative. The polynomials are
// weighted least-squares fits (relative error, reweighted towards the maximum) of the functions
// named beside them.

// x <= 88; below -87.3 the result is 0 or the smallest normal numbers, never negative. vmin and
// vmax give their second argument where one is NaN: NaN goes through.
inline V vexp(V x) {
  x = vmin(set1(88.3f), vmax(set1(-87.3f), x));
  const V n = to_v(to_int(x * set1(1.44269504f)));
  V r = fma(n, set1(-0.693145752f), x);  // ln 2 in two parts
  r = fma(n, set1(-1.42860677e-6f), r);
  V p = set1(0x1.6c69eap-10f);  // (exp(r) - 1 - r) / r^2 on +-ln(2)/2
  p = fma(p, r, set1(0x1.120b1cp-7f));
  p = fma(p, r, set1(0x1.5555bap-5f));
  p = fma(p, r, set1(0x1.5554dep-3f));
  p = fma(p, r, set1(0.5f));
  return fma(fma(p * r, r, r), pow2(to_int(n)), pow2(to_int(n)));
}

inline V vtanh(V x) {
  const V a = vabs(x), s = x * x;
  V p = set1(-0x1.843bdap-8f);  // (tanh(a) / a - 1) / a^2 on [0, 0.65]
  p = fma(p, s, set1(0x1.55fe8ap-6f));
  p = fma(p, s, set1(-0x1.b8ecbap-5f));
  p = fma(p, s, set1(0x1.110d24p-3f));
  p = fma(p, s, set1(-0x1.555552p-2f));
  const V small = fma(p * s, x, x);
  const V big = set1(1.0f) - set1(2.0f) / (vexp(vmin(set1(40.0f), a + a)) + set1(1.0f));
  return select_lt(a, set1(0.65f), small, select_lt(x, zero(), zero() - big, big));
}

// erfc(t) for finite t >= 0.
inline V verfc(V t) {
  const V v = (t - set1(2.0f)) / (t + set1(2.0f));
  V p = set1(-0x1.a53b54p-12f);  // exp(t^2) erfc(t) (1 + 2t) in v, t on [0, 10]
  p = fma(p, v, set1(-0x1.42ee1ap-10f));
  p = fma(p, v, set1(0x1.586298p-10f));
  p = fma(p, v, set1(0x1.1ae528p-7f));
  p = fma(p, v, set1(-0x1.0818d4p-7f));
  p = fma(p, v, set1(-0x1.bc0b86p-5f));
  p = fma(p, v, set1(0x1.4ffc36p-3f));
  p = fma(p, v, set1(-0x1.540844p-3f));
  p = fma(p, v, set1(-0x1.7bf614p-4f));
  p = fma(p, v, set1(0x1.46e80ep+0f));
  return p * vexp(zero() - t * t) / fma(set1(2.0f), t, set1(1.0f));
}
