// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>

#include "core/base/dtype.hpp"
#include "core/device/device.hpp"

namespace fk::core {

inline constexpr fk_dtype kInt32{FK_INT, 32, 1}, kInt64{FK_INT, 64, 1}, kFloat32{FK_FLOAT, 32, 1};

// A contiguous tensor whose first dimension may shrink and grow within what was allocated. The
// fk_tensor keeps its address: args structs point to it for ever. Its memory is somebody else's.
class StepTensor {
 public:
  StepTensor(fk_device, fk_dtype, std::initializer_list<int64_t> shape);
  StepTensor(const StepTensor&) = delete;
  StepTensor& operator=(const StepTensor&) = delete;

  const fk_tensor* get() const { return &device_; }  // what a task on the device is given
  const fk_tensor* host() const { return &host_; }   // the same elements on the host
  void place(void* device, void* host) { device_.data = device, host_.data = host; }
  void resize(int64_t rows) { shape_[0] = rows; }  // rows <= capacity()
  int64_t capacity() const { return capacity_; }
  int64_t rows() const { return shape_[0]; }
  int64_t row_size() const { return strides_[0]; }
  size_t row_bytes() const { return size_t(strides_[0]) * dtype_bytes(device_.dtype); }
  size_t bytes() const { return size_t(capacity_) * row_bytes(); }
  template <class T>
  T* data() {  // on the host
    return static_cast<T*>(host_.data);
  }
  template <class T>
  T* row(int64_t i) {
    return data<T>() + i * strides_[0];
  }

 private:
  std::array<int64_t, 4> shape_{}, strides_{};
  fk_tensor device_{}, host_{};
  int64_t capacity_ = 0;
};

// Small tensors that go to the device together, in one copy: a block of device memory and two host
// sides, so that one can be written while the device may still read the other. On the CPU all three
// are one. All memory is taken once.
class StepPack {
 public:
  explicit StepPack(std::shared_ptr<Device>);
  ~StepPack();
  StepPack(const StepPack&) = delete;
  StepPack& operator=(const StepPack&) = delete;

  // Before allocate(). The reference stays valid as long as the pack.
  StepTensor& add(fk_dtype, std::initializer_list<int64_t> shape);
  void allocate();
  size_t side() const { return size_t(side_); }
  void flip();    // from now on the tensors' data() is the other host side
  void upload();  // the current side
  // The first `bytes` of every row in use of one tensor, the rest staying as it is on the device.
  void upload_rows(const StepTensor&, size_t bytes);
  void download(const StepTensor&);  // its rows in use, to the current side

 private:
  void place();
  std::shared_ptr<Device> device_;
  std::deque<StepTensor> tensors_;
  std::unique_ptr<DeviceMemory> memory_;
  void* sides_[2] = {};
  int side_ = 0;
  size_t bytes_ = 0;
};

// A tensor on the device with memory of its own, and no side on the host but on the CPU.
class OwnedTensor : public StepTensor {
 public:
  OwnedTensor(const std::shared_ptr<Device>& device, fk_dtype dtype,
              std::initializer_list<int64_t> shape)
      : StepTensor(device->id(), dtype, shape), memory_(device, bytes()) {
    place(memory_.data(), device->is_cpu() ? memory_.data() : nullptr);
  }

 private:
  DeviceMemory memory_;
};

}  // namespace fk::core
