// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <new>

#include "core/base/dtype.hpp"

namespace fk::core {

// A contiguous tensor in host memory (256-byte aligned, zeroed) whose first dimension may shrink
// and grow within what was allocated. The fk_tensor keeps its address: args structs point to it for
// ever.
class StepTensor {
 public:
  StepTensor(fk_dtype dtype, std::initializer_list<int64_t> shape) {
    int64_t n = 1, i = int64_t(shape.size());
    for (const int64_t* d = shape.end(); d-- != shape.begin();) {
      shape_[size_t(--i)] = *d;
      strides_[size_t(i)] = n;
      n *= *d;
    }
    size_t bytes = (size_t(n) * dtype_bytes(dtype) + 255) / 256 * 256;
    data_.reset(std::aligned_alloc(256, bytes ? bytes : 256));
    if (!data_) throw std::bad_alloc();
    std::memset(data_.get(), 0, bytes);
    t_ = {
        data_.get(), {FK_CPU, 0}, int32_t(shape.size()), dtype, shape_.data(), strides_.data(), 0};
    capacity_ = shape.size() ? shape_[0] : 1;
  }
  StepTensor(const StepTensor&) = delete;
  StepTensor& operator=(const StepTensor&) = delete;
  const fk_tensor* get() const { return &t_; }
  void resize(int64_t rows) { shape_[0] = rows; }  // rows <= capacity()
  int64_t capacity() const { return capacity_; }
  int64_t rows() const { return shape_[0]; }
  int64_t row_size() const { return strides_[0]; }
  template <class T>
  T* data() {
    return static_cast<T*>(data_.get());
  }
  template <class T>
  T* row(int64_t i) {
    return data<T>() + i * strides_[0];
  }

 private:
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  std::unique_ptr<void, Free> data_;
  std::array<int64_t, 4> shape_{}, strides_{};
  fk_tensor t_{};
  int64_t capacity_ = 0;
};

inline constexpr fk_dtype kInt32{FK_INT, 32, 1}, kInt64{FK_INT, 64, 1}, kFloat32{FK_FLOAT, 32, 1};

}  // namespace fk::core
