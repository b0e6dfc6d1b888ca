// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdlib>
#include <memory>
#include <new>
#include <numeric>
#include <vector>

#include "core/judge/cases/numbers.hpp"

namespace fk::cases {

// A tensor with its own memory. `gap` elements of a known pattern lie after every row of the last
// dimension, and a guard behind the end, so that strides are used and writes outside the tensor are
// seen.
class HostTensor {
 public:
  static constexpr uint8_t kPattern = 0xA5;
  HostTensor(fk_dtype dtype, std::vector<int64_t> shape, int64_t gap = 0,
             uint8_t pattern = kPattern)
      : shape_(std::move(shape)), strides_(shape_.size(), 1), pattern_(pattern) {
    int64_t step = 1;
    for (int i = int(shape_.size()) - 1; i >= 0; --i) {
      strides_[size_t(i)] = step;
      step *= shape_[size_t(i)];
      if (i == int(shape_.size()) - 1 && shape_.size() > 1) step += gap;
    }
    bytes_ = size_t(step) * core::dtype_bytes(dtype) + kGuard;
    bytes_ = (bytes_ + 255) / 256 * 256;
    memory_.reset(static_cast<uint8_t*>(std::aligned_alloc(256, bytes_)));
    if (!memory_) throw std::bad_alloc();
    std::memset(memory_.get(), pattern_, bytes_);
    tensor_ = {memory_.get(),
               {FK_CPU, 0},
               int32_t(shape_.size()),
               dtype,
               shape_.data(),
               strides_.data(),
               0};
  }
  HostTensor(const HostTensor&) = delete;
  HostTensor& operator=(const HostTensor&) = delete;

  const fk_tensor* get() const { return &tensor_; }
  uint8_t* data() { return memory_.get(); }
  const uint8_t* data() const { return memory_.get(); }
  size_t memory_bytes() const { return bytes_; }
  int64_t size() const {
    return std::accumulate(shape_.begin(), shape_.end(), int64_t{1}, std::multiplies<>());
  }
  void set(const std::vector<double>& values) {
    size_t i = 0;
    with_format(tensor_.dtype, [&](auto format) {
      each_row([&](uint8_t* row, int64_t count, size_t e) {
        for (int64_t j = 0; j < count; ++j) format.write(row + size_t(j) * e, values[i++]);
      });
    });
  }
  std::vector<double> values() const {
    std::vector<double> out(static_cast<size_t>(size()));
    size_t i = 0;
    with_format(tensor_.dtype, [&](auto format) {
      each_row([&](uint8_t* row, int64_t count, size_t e) {
        for (int64_t j = 0; j < count; ++j) out[i++] = format.read(row + size_t(j) * e);
      });
    });
    return out;
  }
  // Whether every byte that is no element still has the pattern.
  bool gaps_untouched() const {
    std::vector<uint8_t> copy(memory_.get(), memory_.get() + bytes_);
    each_row([&](uint8_t* row, int64_t count, size_t e) {
      std::memset(copy.data() + (row - memory_.get()), pattern_, size_t(count) * e);
    });
    for (uint8_t b : copy)
      if (b != pattern_) return false;
    return true;
  }

 private:
  static constexpr size_t kGuard = 64;
  // f(first byte, elements, bytes an element) for every row of the last dimension.
  template <class F>
  void each_row(const F& f) const {
    if (size() == 0) return;
    const size_t e = core::dtype_bytes(tensor_.dtype);
    const int64_t count = shape_.empty() ? 1 : shape_.back();
    for (int64_t r = 0; r < size() / count; ++r) {
      int64_t offset = 0, left = r;
      for (size_t d = shape_.size() - 1; shape_.size() > 1 && d-- > 0;) {
        offset += left % shape_[d] * strides_[d];
        left /= shape_[d];
      }
      f(memory_.get() + size_t(offset) * e, count, e);
    }
  }
  struct Free {
    void operator()(uint8_t* p) const { std::free(p); }
  };
  std::vector<int64_t> shape_, strides_;
  uint8_t pattern_;
  size_t bytes_ = 0;
  std::unique_ptr<uint8_t, Free> memory_;
  fk_tensor tensor_{};
};

}  // namespace fk::cases
