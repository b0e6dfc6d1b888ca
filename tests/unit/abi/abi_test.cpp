// SPDX-License-Identifier: Apache-2.0
#include <dlpack/dlpack.h>
#include <gtest/gtest.h>

#include <map>

#include "core/spec/layout.hpp"
#include "core/spec/registry.hpp"
#include "tests/unit/abi/golden.h"

extern "C" int fk_test_has_step(const fk_run*);
struct LayoutRow {
  const char *type, *field;
  size_t offset, size;
};
extern const LayoutRow kLayoutRows[];  // written by fk-gen out of the generated headers
extern const size_t kLayoutRowCount;

namespace {

using fk::core::Field;

#define SAME_FIELD(ours, theirs)                                          \
  static_assert(offsetof(fk_tensor, ours) == offsetof(DLTensor, theirs)); \
  static_assert(sizeof(fk_tensor::ours) == sizeof(DLTensor::theirs))
SAME_FIELD(data, data);
SAME_FIELD(device, device);
SAME_FIELD(ndim, ndim);
SAME_FIELD(dtype, dtype);
SAME_FIELD(shape, shape);
SAME_FIELD(strides, strides);
SAME_FIELD(byte_offset, byte_offset);
static_assert(sizeof(fk_tensor) == sizeof(DLTensor) && alignof(fk_tensor) == alignof(DLTensor));
static_assert(offsetof(fk_dtype, bits) == offsetof(DLDataType, bits) &&
              offsetof(fk_dtype, lanes) == offsetof(DLDataType, lanes));
static_assert(offsetof(fk_device, index) == offsetof(DLDevice, device_id));
static_assert(int(FK_CPU) == kDLCPU && int(FK_CUDA) == kDLCUDA && int(FK_CUDA_HOST) == kDLCUDAHost);
static_assert(int(FK_INT) == kDLInt && int(FK_UINT) == kDLUInt && int(FK_FLOAT) == kDLFloat &&
              int(FK_BFLOAT) == kDLBfloat);

TEST(Abi, TensorIsADLTensor) {
  int64_t shape[] = {2, 3}, strides[] = {3, 1};
  float data[6];
  fk_tensor t{data, {FK_CUDA, 5}, 2, {FK_BFLOAT, 16, 1}, shape, strides, 0};
  DLTensor d;
  std::memcpy(&d, &t, sizeof d);
  EXPECT_EQ(d.data, data);
  EXPECT_EQ(d.device.device_type, kDLCUDA);
  EXPECT_EQ(d.device.device_id, 5);
  EXPECT_EQ(d.ndim, 2);
  EXPECT_EQ(d.dtype.code, kDLBfloat);
  EXPECT_EQ(d.dtype.bits, 16);
  EXPECT_EQ(d.shape, shape);
  EXPECT_EQ(d.strides, strides);
}

TEST(Abi, HasSaysWhatAnOlderStructLacks) {
  fk_run run{};
  run.struct_size = sizeof run;
  EXPECT_TRUE(fk_test_has_step(&run));
  run.struct_size = offsetof(fk_run, step);
  EXPECT_FALSE(fk_test_has_step(&run));
  EXPECT_FALSE(FK_HAS(&run, step));
  EXPECT_TRUE(FK_HAS(&run, flags));
}

TEST(Abi, GeneratedStructsHaveTheDynamicLayout) {
  using Key = std::pair<std::string, std::string>;
  std::map<Key, std::pair<size_t, size_t>> compiled, dynamic;
  for (size_t i = 0; i < kLayoutRowCount; ++i)
    compiled[{kLayoutRows[i].type, kLayoutRows[i].field}] = {kLayoutRows[i].offset,
                                                             kLayoutRows[i].size};
  auto add = [&](const std::string& type, const std::vector<Field>& fields, size_t size) {
    dynamic[{type, ""}] = {0, size};
    for (const Field& f : fields)
      dynamic[{type, f.name}] = {f.offset, fk::core::slot_of(f.type).size};
  };
  const auto registry = fk::core::Registry::load(FK_SOURCE_DIR "/registry");
  for (const auto& [name, s] : registry.structs()) add("fk_" + name, s.fields, s.size);
  for (const auto& [name, t] : registry.tasks()) {
    add("fk_" + name + "_init", t.init, t.init_size);
    add("fk_" + name + "_args", t.args, t.args_size);
  }
  EXPECT_GT(dynamic.size(), 100u);
  for (const auto& [key, place] : dynamic) {
    ASSERT_TRUE(compiled.count(key)) << key.first << "." << key.second;
    EXPECT_EQ(compiled[key], place) << key.first << "." << key.second;
  }
  EXPECT_EQ(compiled.size(), dynamic.size());
}

}  // namespace
