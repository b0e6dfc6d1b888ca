// SPDX-License-Identifier: Apache-2.0
// On the CPU, or on the card that FK_TEST_DEVICE names.
#include "core/judge/wire/bulk.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "core/base/dtype.hpp"
#include "core/judge/wire/region.hpp"
#include "tests/support/test_device.hpp"

namespace fk::judge {
namespace {

using test::test_device;

constexpr fk_dtype kF32{FK_FLOAT, 32, 1}, kBf16{FK_BFLOAT, 16, 1}, kI64{FK_INT, 64, 1};

// Two tensors where the device has them.
template <class T>
struct Two {
  explicit Two(size_t count, T value) : a(count, value), b(count, value) {
    const size_t bytes = count * sizeof(T);
    region = Region::create(2 * (bytes + 256), Region::Access::kReadOnly, "test", test_device());
    second = (bytes + 255) / 256 * 256;
  }
  double difference(fk_dtype t) {
    std::memcpy(region.data(), a.data(), a.size() * sizeof(T));
    std::memcpy(region.data() + second, b.data(), b.size() * sizeof(T));
    region.push();
    const Bulk::Pair pair{region.on_device(), region.on_device() + second, a.size(), t};
    return Bulk::open(test_device())->differences({&pair, 1}).at(0);
  }
  std::vector<T> a, b;
  Region region;
  size_t second;
};

TEST(Bulk, SeesEveryElementsDifference) {
  Two<float> t(5001, 1);
  EXPECT_EQ(t.difference(kF32), 0);
  t.b[5000] = 1.5f;
  EXPECT_EQ(t.difference(kF32), 0.5);
  t.a[17] = NAN;
  EXPECT_EQ(t.difference(kF32), INFINITY);
  t.b[17] = NAN;
  EXPECT_EQ(t.difference(kF32), 0.5);
  t.a[3000] = t.b[3000] = INFINITY;
  EXPECT_EQ(t.difference(kF32), 0.5);
  t.b[3000] = -INFINITY;
  EXPECT_EQ(t.difference(kF32), INFINITY);
}

TEST(Bulk, ReadsEveryFormat) {
  Two<uint16_t> halves(100'003, core::float_to_bf16(2));
  halves.b[100'002] = core::float_to_bf16(3);
  EXPECT_EQ(halves.difference(kBf16), 1);
  halves.a[8] = core::float_to_bf16(-2);
  EXPECT_EQ(halves.difference(kBf16), 4);
  Two<uint16_t> f16(33, core::float_to_f16(2));
  f16.b[5] = core::float_to_f16(2.5f);
  EXPECT_EQ(f16.difference({FK_FLOAT, 16, 1}), 0.5);
  Two<int64_t> ids(9, -7);
  ids.b[8] = 5;
  EXPECT_EQ(ids.difference(kI64), 12);
  Two<uint8_t> bytes(1000, 200);
  bytes.a[999] = 0;
  EXPECT_EQ(bytes.difference({FK_UINT, 8, 1}), 200);
  EXPECT_EQ(bytes.difference({FK_INT, 8, 1}), 56);
}

TEST(Bulk, CopiesAndPoisonsManyStretches) {
  constexpr size_t kPieces = 5000, kEach = 64;  // more than one launch takes
  const Region from =
                   Region::create(kPieces * kEach, Region::Access::kReadOnly, "a", test_device()),
               to = Region::create(kPieces * kEach, Region::Access::kReadWrite, "b", test_device());
  for (size_t i = 0; i < kPieces * kEach; ++i) from.data()[i] = uint8_t(i * 7 + i / 256);
  from.push();
  std::vector<Bulk::Copy> copies;
  for (size_t k = 0; k < kPieces; ++k)
    copies.push_back({to.on_device() + k * kEach,
                      k % 5 == 4 ? nullptr : from.on_device() + (kPieces - 1 - k) * kEach,
                      k % 3 == 0 ? kEach : 37});
  Bulk::open(test_device())->copy(copies);
  to.pull();
  for (size_t k = 0; k < kPieces; ++k)
    for (size_t i = 0; i < kEach; ++i) {
      const uint8_t given = k % 5 == 4 ? 0xff : from.data()[(kPieces - 1 - k) * kEach + i];
      ASSERT_EQ(to.data()[k * kEach + i], i < copies[k].bytes ? given : 0) << k << " " << i;
    }
}

TEST(Bulk, NothingIsNothing) {
  const auto bulk = Bulk::open(test_device());
  bulk->copy({});
  EXPECT_TRUE(bulk->differences({}).empty());
}

}  // namespace
}  // namespace fk::judge
