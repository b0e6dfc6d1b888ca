// SPDX-License-Identifier: Apache-2.0
// Matrix::multiply in every storage, at shapes that are multiples of nothing.
#include "matrix.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "isa.hpp"

namespace fkcpu {
namespace {

struct Shape {
  int64_t out, in;
};
const Shape kDenseShapes[] = {{1, 1}, {3, 7}, {17, 33}, {33, 64}, {48, 577}, {5, 2080}, {70, 31}};
const Shape kQuantShapes[] = {{1, 32}, {17, 64}, {33, 96}, {48, 576}, {5, 2080}};
const int64_t kRows[] = {0, 1, 2, 3, 5, 8, 9, 16, 17, 29, 43};

struct Problem {
  Matrix matrix;
  std::vector<double> weights;  // [out, in]
  Shape shape;
};

// Largest error of any output, in units of the sum of the magnitudes that went into it.
template <class Y>
double worst(const Kernels& k, const Problem& p, int64_t n, bool with_bias, int threads,
             std::vector<Y>* result = nullptr) {
  Random random(uint32_t(n * 31 + p.shape.out));
  const int64_t ldx = p.shape.in + 3, ldy = p.shape.out + 5;
  std::vector<float> x = random.vector(size_t(n * ldx)),
                     bias = random.vector(size_t(round_up(p.shape.out, kGroup)));
  std::vector<Y> y(size_t(n * ldy));
  for (Y& v : y) from_float(123.0f, &v);
  p.matrix.multiply({x.data(), Type::kF32, ldx}, n, {y.data(), type_v<Y>, ldy},
                    with_bias ? bias.data() : nullptr, SerialWorkers(threads), k);
  double largest = 0;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t o = 0; o < p.shape.out; ++o) {
      double sum = with_bias ? bias[size_t(o)] : 0, magnitude = std::fabs(sum) + 1e-30;
      for (int64_t c = 0; c < p.shape.in; ++c) {
        const double term = double(x[size_t(i * ldx + c)]) * p.weights[size_t(o * p.shape.in + c)];
        sum += term;
        magnitude += std::fabs(term);
      }
      largest = std::max(largest, std::fabs(sum - to_float(y[size_t(i * ldy + o)])) / magnitude);
    }
    for (int64_t o = p.shape.out; o < ldy; ++o)
      EXPECT_EQ(to_float(y[size_t(i * ldy + o)]), 123.0f) << "written past the row";
  }
  if (result) *result = y;
  return largest;
}

class MatrixTest : public EveryIsa {};

template <class T>
void check_dense(const Kernels& k) {
  for (const Shape& s : kDenseShapes) {
    const Stored<T> w(Random(7).vector(size_t(s.out * s.in)));
    Problem p{Matrix::dense(type_v<T>, w.data.data(), s.out, s.in),
              {w.values.begin(), w.values.end()},
              s};
    for (int64_t n : kRows) {
      EXPECT_LE(worst<float>(k, p, n, n % 2, 2), 4e-7)
          << s.out << " x " << s.in << ", " << n << " rows";
      EXPECT_LE(worst<bf16>(k, p, n, n % 2, 2), 4e-3)
          << s.out << " x " << s.in << ", " << n << " rows";
    }
  }
}

TEST_P(MatrixTest, MultipliesFloat32) { check_dense<float>(k()); }
TEST_P(MatrixTest, MultipliesBfloat16) { check_dense<bf16>(k()); }
TEST_P(MatrixTest, MultipliesFloat16) { check_dense<f16>(k()); }

// Blocks of the file format with random codes, and their values by its definition.
struct Blocks {
  std::vector<uint8_t> bytes;
  std::vector<double> values;
  Blocks(Quant q, Shape s) {
    Random random(11);
    for (int64_t block = 0; block < s.out * s.in / 32; ++block) {
      f16 d, m{0};
      from_float(random(-1, 1), &d);
      if (q == Quant::kQ4_1) from_float(random(-4, 4), &m);
      append(&d, 2);
      if (q == Quant::kQ4_1) append(&m, 2);
      uint8_t codes[32];
      const int count = q == Quant::kQ8_0 ? 32 : 16;
      for (int i = 0; i < count; ++i) codes[i] = uint8_t(random.engine());
      append(codes, size_t(count));
      for (int c = 0; c < 32; ++c) {
        const int nibble = c < 16 ? codes[c] & 15 : codes[c - 16] >> 4;
        const int code = q == Quant::kQ8_0   ? int8_t(codes[c])
                         : q == Quant::kQ4_0 ? nibble - 8
                                             : nibble;
        values.push_back(double(to_float(d)) * code + to_float(m));
      }
    }
  }
  void append(const void* p, size_t n) {
    bytes.insert(bytes.end(), static_cast<const uint8_t*>(p), static_cast<const uint8_t*>(p) + n);
  }
};

TEST_P(MatrixTest, MultipliesQuantised) {
  for (Quant q : {Quant::kQ4_0, Quant::kQ4_1, Quant::kQ8_0})
    for (const Shape& s : kQuantShapes) {
      const Blocks blocks(q, s);
      std::vector<uint8_t> packed(Matrix::packed_bytes(q, s.out, s.in));
      Matrix::pack(q, blocks.bytes.data(), s.out, s.in, 0, Matrix::groups(s.out), packed.data());
      Problem p{Matrix::quantised(q, packed.data(), s.out, s.in), blocks.values, s};
      for (int64_t n : kRows) {
        EXPECT_LE(worst<float>(k(), p, n, n % 2, 2), 4e-7)
            << int(q) << ": " << s.out << " x " << s.in << ", " << n << " rows";
        EXPECT_LE(worst<f16>(k(), p, n, n % 2, 3), 1e-3)
            << int(q) << ": " << s.out << " x " << s.in << ", " << n << " rows";
      }
    }
}

TEST_P(MatrixTest, GivesTheSameBitsForAnyNumberOfThreads) {
  const Shape s{70, 577};
  const Stored<float> w(Random(7).vector(size_t(s.out * s.in)));
  Problem p{
      Matrix::dense(Type::kF32, w.data.data(), s.out, s.in), {w.values.begin(), w.values.end()}, s};
  for (int64_t n : {1, 7, 40}) {
    std::vector<float> one, other;
    worst<float>(k(), p, n, false, 1, &one);
    for (int threads : {2, 3, 8}) {
      worst<float>(k(), p, n, false, threads, &other);
      EXPECT_EQ(0, std::memcmp(one.data(), other.data(), one.size() * 4))
          << n << " rows, " << threads << " threads";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, MatrixTest, EveryIsa::all(),
                         [](const auto& i) { return std::string(i.param); });

}  // namespace
}  // namespace fkcpu
