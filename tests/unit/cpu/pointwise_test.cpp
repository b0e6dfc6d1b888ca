// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "isa.hpp"

namespace fkcpu {
namespace {

const int64_t kSizes[] = {0, 1, 3, 4, 7, 8, 15, 16, 17, 31, 37, 64, 577};

class PointwiseTest : public EveryIsa {};

// |found - want| within `roundings` of T, relative to the larger of |want| and `floor`.
template <class T>
void expect_near(double want, T found, double roundings, double floor = 1e-30) {
  EXPECT_NEAR(to_float(found), want, roundings * rounding_v<T> * std::max(std::fabs(want), floor));
}

template <class T>
void check_conversions(const Kernels& k) {
  for (int64_t n : kSizes) {
    const std::vector<float> v = Random(1).vector(size_t(n), -100, 100);
    std::vector<T> narrow(size_t(n) + 1);
    from_float(77.0f, &narrow[size_t(n)]);
    k.narrow[int(type_v<T>)](v.data(), narrow.data(), n);
    const Stored<T> want(v);
    std::vector<float> wide(size_t(n) + 1, 5);
    k.widen[int(type_v<T>)](narrow.data(), wide.data(), n);
    for (size_t i = 0; i < size_t(n); ++i) EXPECT_EQ(wide[i], want.values[i]);
    EXPECT_EQ(to_float(narrow[size_t(n)]), 77.0f);
    EXPECT_EQ(wide[size_t(n)], 5.0f);
  }
}
TEST_P(PointwiseTest, ConvertsBothWays) {
  check_conversions<float>(k());
  check_conversions<bf16>(k());
  check_conversions<f16>(k());
}

TEST_P(PointwiseTest, RoundsEdgesLikeTheScalarConversion) {
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> edges = {
      0.0f,     -0.0f,   infinity, -infinity, 65504.0f,          65519.0f,          65520.0f,
      1e-8f,    5.9e-8f, 6.1e-5f,  6.09e-5f,  1.0f + 1.0f / 256, 1.0f + 3.0f / 256, 3.4e38f,
      -2049.0f, 2051.0f};
  std::vector<bf16> b(edges.size());
  std::vector<f16> h(edges.size());
  k().narrow[int(Type::kBF16)](edges.data(), b.data(), int64_t(edges.size()));
  k().narrow[int(Type::kF16)](edges.data(), h.data(), int64_t(edges.size()));
  for (size_t i = 0; i < edges.size(); ++i) {
    bf16 wb;
    f16 wh;
    from_float(edges[i], &wb);
    from_float(edges[i], &wh);
    EXPECT_EQ(b[i].bits, wb.bits) << edges[i];
    EXPECT_EQ(h[i].bits, wh.bits) << edges[i];
  }
  std::vector<float> nan(16, std::numeric_limits<float>::quiet_NaN());
  k().narrow[int(Type::kBF16)](nan.data(), b.data(), 16);
  k().narrow[int(Type::kF16)](nan.data(), h.data(), 16);
  EXPECT_TRUE(std::isnan(to_float(b[3])));
  EXPECT_TRUE(std::isnan(to_float(h[3])));
}

template <class T>
void check_activations(const Kernels& k) {
  for (int64_t n : kSizes) {
    Random random(3);
    const Stored<T> x(random.vector(size_t(n), -12, 12)), up(random.vector(size_t(n), -2, 2));
    std::vector<T> y(static_cast<size_t>(n));
    k.silu_and_mul[int(type_v<T>)](x.data.data(), up.data.data(), y.data(), n);
    for (size_t i = 0; i < size_t(n); ++i)
      expect_near(x.values[i] / (1 + std::exp(-double(x.values[i]))) * up.values[i], y[i], 10,
                  1e-3);
    k.gelu[int(type_v<T>)](x.data.data(), y.data(), n, false);
    for (size_t i = 0; i < size_t(n); ++i)
      expect_near(0.5 * x.values[i] * std::erfc(-double(x.values[i]) * M_SQRT1_2), y[i], 10, 0.01);
    k.gelu[int(type_v<T>)](x.data.data(), y.data(), n, true);
    for (size_t i = 0; i < size_t(n); ++i) {
      const double v = x.values[i];
      expect_near(0.5 * v * (1 + std::tanh(std::sqrt(2 / M_PI) * (v + 0.044715 * v * v * v))), y[i],
                  10, std::fabs(v) + 1e-3);
    }
    k.add[int(type_v<T>)](x.data.data(), up.data.data(), y.data(), n);
    for (size_t i = 0; i < size_t(n); ++i)
      expect_near(double(x.values[i]) + up.values[i], y[i], 1.01);
  }
}
TEST_P(PointwiseTest, Activates) {
  check_activations<float>(k());
  check_activations<bf16>(k());
  check_activations<f16>(k());
}

TEST_P(PointwiseTest, ActivationsOfExtremesAreFinite) {
  const std::vector<float> x = {-1e30f, -200, -100, -90, 0, 90, 100, 200, 1e10f},
                           one(x.size(), 1.0f);
  std::vector<float> y(x.size());
  k().silu_and_mul[0](x.data(), one.data(), y.data(), int64_t(x.size()));
  for (size_t i = 0; i < x.size(); ++i)
    EXPECT_NEAR(y[i], std::max(x[i], 0.0f), 1e-6 * std::fabs(x[i])) << x[i];
  k().gelu[0](x.data(), y.data(), int64_t(x.size()), false);
  for (size_t i = 0; i < x.size(); ++i)
    EXPECT_NEAR(y[i], std::max(x[i], 0.0f), 1e-6 * std::fabs(x[i])) << x[i];
}

template <class T>
void check_norms(const Kernels& k) {
  for (int64_t n : kSizes) {
    if (n == 0) continue;
    Random random(5);
    const size_t d = size_t(n);
    const Stored<T> x(random.vector(d, -3, 5)), r(random.vector(d)), w(random.vector(d)),
        b(random.vector(d));
    for (bool with_residual : {false, true}) {
      Stored<T> residual = r;
      std::vector<double> row(x.values.begin(), x.values.end());
      if (with_residual)
        for (size_t i = 0; i < d; ++i) {
          T sum;
          from_float(x.values[i] + r.values[i], &sum);
          row[i] = to_float(sum);
        }
      double mean = 0, squares = 0, variance = 0;
      for (double v : row) mean += v / double(n), squares += v * v / double(n);
      for (double v : row) variance += (v - mean) * (v - mean) / double(n);
      std::vector<T> y(d);
      k.rms_norm[int(type_v<T>)](x.data.data(), with_residual ? residual.data.data() : nullptr,
                                 w.data.data(), y.data(), n, 1e-5f);
      for (size_t i = 0; i < d; ++i)
        expect_near(row[i] / std::sqrt(squares + 1e-5) * w.values[i], y[i], 8);
      if (with_residual)
        for (size_t i = 0; i < d; ++i) EXPECT_EQ(to_float(residual.data[i]), row[i]);
      residual = r;
      k.layer_norm[int(type_v<T>)](x.data.data(), with_residual ? residual.data.data() : nullptr,
                                   w.data.data(), b.data.data(), y.data(), n, 1e-5f);
      for (size_t i = 0; i < d; ++i)
        expect_near((row[i] - mean) / std::sqrt(variance + 1e-5) * w.values[i] + b.values[i], y[i],
                    16, n == 1 ? 10 : 1);
    }
  }
}
TEST_P(PointwiseTest, Norms) {
  check_norms<float>(k());
  check_norms<bf16>(k());
  check_norms<f16>(k());
}

TEST_P(PointwiseTest, RotatesBothStyles) {
  for (int64_t pairs : {1, 5, 8, 16, 32, 35}) {
    Random random(9);
    const std::vector<float> head = random.vector(size_t(2 * pairs)),
                             angle = random.vector(size_t(pairs), 0, 6);
    std::vector<float> c(angle.size()), s(angle.size());
    for (size_t i = 0; i < angle.size(); ++i) c[i] = std::cos(angle[i]), s[i] = std::sin(angle[i]);
    for (bool neox : {true, false}) {
      std::vector<float> h = head;
      k().rotate[0](h.data(), c.data(), s.data(), pairs, neox);
      for (size_t i = 0; i < size_t(pairs); ++i) {
        const size_t a = neox ? i : 2 * i, b = neox ? i + size_t(pairs) : 2 * i + 1;
        EXPECT_NEAR(h[a], head[a] * c[i] - head[b] * s[i], 2e-7);
        EXPECT_NEAR(h[b], head[b] * c[i] + head[a] * s[i], 2e-7);
      }
    }
  }
}

TEST_P(PointwiseTest, FindsTheFirstOfTheLargest) {
  Random random(13);
  for (int64_t n : {1, 2, 15, 16, 17, 511, 512, 513, 1500}) {
    std::vector<float> x = random.vector(size_t(n), -9, -1);
    for (int64_t at : {int64_t{0}, n / 2, n - 1}) {
      std::vector<float> v = x;
      v[size_t(at)] = 3;
      v[size_t(n - 1)] = 3;  // an equal one later
      EXPECT_EQ(k().argmax(v.data(), n), at);
      if (n > 1) v[size_t(at ? 0 : n - 1)] = std::numeric_limits<float>::quiet_NaN();
      EXPECT_EQ(k().argmax(v.data(), n), at);
    }
  }
  const std::vector<float> none(20, -std::numeric_limits<float>::infinity());
  EXPECT_EQ(k().argmax(none.data(), 20), 0);
}

INSTANTIATE_TEST_SUITE_P(Isa, PointwiseTest, EveryIsa::all(),
                         [](const auto& i) { return std::string(i.param); });

}  // namespace
}  // namespace fkcpu
