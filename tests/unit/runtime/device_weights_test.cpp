// SPDX-License-Identifier: Apache-2.0
// On the CPU, whose memory is a device's like any other here.
#include "core/runtime/device_weights.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace fk::core {
namespace {

constexpr fk_dtype kF32{FK_FLOAT, 32, 1};
const ParamRequest kRequest{"a", {2, 2}, kF32};

std::shared_ptr<WeightStore> a_store() {
  std::vector<float> values{1, 2, 3, 4};
  std::vector<uint8_t> bytes(sizeof(float) * values.size());
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return WeightStore::from_tensors({{"a", {2, 2}, kF32, bytes}});
}

TEST(DeviceWeights, AreThereOnceAsLongAsAnybodyReadsThem) {
  const std::shared_ptr<WeightStore> store = a_store();
  DeviceWeights weights(store, cpu_device());
  auto one = weights.get(kRequest), other = weights.get(kRequest);
  EXPECT_EQ(one, other);
  const fk_tensor& t = *one->box.get();
  ASSERT_EQ(t.ndim, 2);
  EXPECT_EQ(static_cast<const float*>(t.data)[3], 4);
  EXPECT_NE(t.data, store->get(kRequest)->data);
  const std::weak_ptr<const DeviceWeights::Weight> seen = one;
  one.reset();
  EXPECT_FALSE(seen.expired());
  other.reset();
  EXPECT_TRUE(seen.expired());
  EXPECT_EQ(static_cast<const float*>(weights.get(kRequest)->box.get()->data)[0], 1);
}

TEST(DeviceWeights, RefuseAsTheStoreDoes) {
  DeviceWeights weights(a_store(), cpu_device());
  EXPECT_ANY_THROW(weights.get({"b", {2, 2}, kF32}));
  EXPECT_ANY_THROW(weights.get({"a", {4}, kF32}));
}

}  // namespace
}  // namespace fk::core
