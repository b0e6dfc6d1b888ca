// SPDX-License-Identifier: Apache-2.0
#include "core/judge/cases/compare.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/judge/cases/numbers.hpp"

namespace fk::cases {
namespace {

constexpr fk_dtype kF32{FK_FLOAT, 32, 1}, kBf16{FK_BFLOAT, 16, 1};
core::TaskSpec checked(const core::Json& check) {
  core::TaskSpec t;
  t.check = check;
  return t;
}
const core::TaskSpec kFactor = checked({{"error_vs_baseline", 2.0}}),
                     kExact = checked({{"exact", true}});

std::vector<double> numbers(size_t n, double scale = 1) {
  Random random(5);
  std::vector<double> v(n);
  for (double& e : v) e = scale * random.normal();
  return v;
}
std::vector<double> rounded_all(std::vector<double> v, fk_dtype t) {
  for (double& e : v) e = rounded(e, t);
  return v;
}

TEST(Compare, TheBaselineIsRight) {
  const auto golden = numbers(1000), baseline = rounded_all(golden, kBf16);
  EXPECT_FALSE(compare(kFactor, kBf16, golden, baseline, baseline));
  EXPECT_FALSE(compare(kFactor, kBf16, golden, baseline, golden));
}

TEST(Compare, OneElementIsEnough) {
  const auto golden = numbers(1000), baseline = rounded_all(golden, kF32);
  auto found = baseline;
  found[417] += 1e-4;
  const auto m = compare(kFactor, kF32, golden, baseline, found);
  ASSERT_TRUE(m);
  EXPECT_EQ(m->kind, Mismatch::Kind::kElement);
  EXPECT_EQ(m->index, 417u);
  EXPECT_NEAR(m->error, 1e-4, 1e-6);
  EXPECT_LT(m->bound, 1e-5);
}

// What an honest fp32 softmax errs by passes, ten times as much does not.
TEST(Compare, APeakIsHeldToTheSizeOfTheTensor) {
  auto golden = numbers(1000, 0.1);
  golden[500] = 0.6;
  const auto baseline = rounded_all(golden, kF32);
  auto found = baseline;
  found[500] *= 1 + 1e-6;
  EXPECT_FALSE(compare(kFactor, kF32, golden, baseline, found));
  found[500] *= 1 + 1e-5;
  const auto m = compare(kFactor, kF32, golden, baseline, found);
  ASSERT_TRUE(m);
  EXPECT_EQ(m->index, 500u);
}

// A query that sees one key far above the others has an output of that value's size, among means of
// many values: what rounding did to the score stands in the whole row. Ten times that is refused,
// and so is as much in a row of the others.
TEST(Compare, ARowThatTowersIsHeldToItsOwnSize) {
  constexpr size_t kRow = 128;
  auto golden = numbers(256 * kRow, 0.18);
  for (size_t i = 64 * kRow; i < 65 * kRow; ++i) golden[i] *= 5;
  const auto baseline = rounded_all(golden, kF32);
  const auto row_off_by = [&](size_t row, double share) {
    auto found = baseline;
    for (size_t i = row * kRow; i < (row + 1) * kRow; ++i) found[i] *= 1 + share;
    return compare(kFactor, kF32, golden, baseline, found);
  };
  const auto m = row_off_by(64, 1.2e-6);
  EXPECT_FALSE(m) << m->text();
  EXPECT_TRUE(row_off_by(64, 1.2e-5));
  EXPECT_TRUE(row_off_by(100, 10 * 1.2e-6));
}

// A cache is mostly empty: what stands in it is as large as what it is held to.
TEST(Compare, EmptyTilesMakeNoOtherLarge) {
  constexpr size_t kElements = 64 * 256;
  auto golden = numbers(kElements);
  for (size_t i = 256; i < kElements; ++i) golden[i] = 0;
  const auto baseline = rounded_all(golden, kF32);
  auto found = baseline;
  found[7] += 1.3 * element_bound(kFactor, kF32, golden, baseline);
  const auto m = compare(kFactor, kF32, golden, baseline, found);
  ASSERT_TRUE(m);
  EXPECT_EQ(m->index, 7u);
}

// gate * up of two honest fp32 sums: where both are large, so is the error, and among many elements
// some are. What errs everywhere as much as the sums may at the peaks is refused.
TEST(Compare, TheLargestErrorOfManyProductsIsTheirs) {
  constexpr size_t kElements = 300'000;
  core::TaskSpec product = kFactor;
  product.level = 2;
  Random random(11);
  std::vector<double> golden(kElements), honest(kElements), wrong(kElements);
  // About as sgemm over 600 numbers: partial sums grow with the sum, and what they lose with them.
  const auto summed = [&](double x) { return x + 6.5e-7 * (1 + std::fabs(x)) * random.normal(); };
  double largest = 0, size = 0;
  for (size_t i = 0; i < kElements; ++i) {
    const double gate = random.normal() + random.normal(), up = random.normal() + random.normal();
    golden[i] = gate * up / 2;
    honest[i] = summed(gate) * summed(up) / 2;
    wrong[i] = golden[i] + 4e-5 * random.normal();
    largest = std::max(largest, std::fabs(honest[i] - golden[i]));
    size += golden[i] * golden[i] / kElements;
  }
  const auto baseline = rounded_all(golden, kF32);
  const auto m = compare(product, kF32, golden, baseline, honest);
  EXPECT_FALSE(m) << m->text() << ", size " << std::sqrt(size);
  EXPECT_GT(largest, 1.2 * 256 * 0x1p-24 * std::sqrt(size)) << "no peaks, no test";
  EXPECT_TRUE(compare(product, kF32, golden, baseline, wrong));
}

// The growth has an end: one error of the baseline's that towers excuses no more than its own
// share.
// One output of many terms that nearly cancelled: what fp32 sums of them may be off is a share of
// the terms, of which one number says little.
TEST(Compare, OfOneElementMoreIsAllowedThanOfMany) {
  const std::vector<double> one = {1e-3};
  const auto many = std::vector<double>(4096, 1e-3);
  const double all = element_bound(kFactor, kF32, many, many) / (1 + 4 / 64.0);
  EXPECT_NEAR(element_bound(kFactor, kF32, one, one), 5 * all, 1e-9 * all);
  EXPECT_FALSE(compare(kFactor, kF32, one, one, {1e-3 + 1.5e-8}));
  EXPECT_TRUE(compare(kFactor, kF32, one, one, {1e-3 + 1e-7}));
}

// A bf16 number's own last digit, on whichever side: one peak among small numbers.
TEST(Compare, IntoTheNextNumberIsNotWrongAndBeyondItIs) {
  auto golden = numbers(1000, 0.05);
  golden[7] = 1.00215;
  const auto baseline = rounded_all(golden, kBf16);
  auto found = baseline;
  found[7] = 1.0078125;  // the baseline says 1
  EXPECT_FALSE(compare(kFactor, kBf16, golden, baseline, found));
  found[7] = 1.015625;
  const auto wrong = compare(kFactor, kBf16, golden, baseline, found);
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->index, 7u);
  EXPECT_DOUBLE_EQ(wrong->bound, own_rounding(kFactor, kBf16, golden[7]));
  // float32 has digits enough.
  EXPECT_EQ(own_rounding(kFactor, kF32, 1), 0);
}

TEST(Compare, AnErrorThatTowersIsNoLicence) {
  const auto golden = numbers(10'000);
  auto baseline = rounded_all(golden, kF32);
  const double before = element_bound(kFactor, kF32, golden, baseline);
  const double size = 1, error = 1e-5;
  baseline[77] = golden[77] + error;
  const double after = element_bound(kFactor, kF32, golden, baseline);
  EXPECT_GT(after, before);
  EXPECT_LT(after, 2 * error + 4.5 * (64 << kFactor.level) * 0x1p-24 * size);
}

// One row is a thousand times as large; what it may err would hide the others.
TEST(Compare, LargeNumbersElsewhereExcuseNothing) {
  auto golden = numbers(1024);
  for (size_t i = 0; i < 256; ++i) golden[i] *= 1024;
  const auto baseline = rounded_all(golden, kBf16);
  auto found = baseline;
  for (size_t i = 768; i < 1024; ++i) found[i] = 0;
  const auto m = compare(kFactor, kBf16, golden, baseline, found);
  ASSERT_TRUE(m);
  EXPECT_EQ(m->kind, Mismatch::Kind::kTile);
  EXPECT_GE(m->index, 768u);
}

TEST(Compare, NanAndInfinityStandWhereTheBaselineHasThem) {
  auto golden = numbers(100);
  golden[3] = NAN;
  golden[4] = INFINITY;
  const auto right = golden;
  EXPECT_FALSE(compare(kFactor, kF32, golden, right, right));
  for (const auto& [index, value] :
       {std::pair<size_t, double>{3, 0.0}, {4, 1e30}, {4, -INFINITY}, {5, NAN}, {5, INFINITY}}) {
    auto found = right;
    found[index] = value;
    const auto m = compare(kFactor, kF32, golden, right, found);
    ASSERT_TRUE(m) << index << " " << value;
    EXPECT_EQ(m->kind, Mismatch::Kind::kNonfinite);
    EXPECT_EQ(m->index, index);
  }
}

TEST(Compare, ExactIsExact) {
  const std::vector<double> ids = {1, 2, 3};
  EXPECT_FALSE(compare(kExact, kF32, ids, ids, ids));
  const auto m = compare(kExact, kF32, ids, ids, {1, 2, 4});
  ASSERT_TRUE(m);
  EXPECT_EQ(m->text(), "element 2 is 4, want exactly 3");
  EXPECT_EQ(compare(kExact, kF32, ids, ids, {1, 2})->kind, Mismatch::Kind::kSize);
}

}  // namespace
}  // namespace fk::cases
