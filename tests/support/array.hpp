// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/dtype.hpp"
#include "fk/abi.h"

namespace fk::test {

inline constexpr fk_dtype kF32{FK_FLOAT, 32, 1}, kF64{FK_FLOAT, 64, 1}, kBf16{FK_BFLOAT, 16, 1},
    kF16{FK_FLOAT, 16, 1}, kI32{FK_INT, 32, 1}, kI64{FK_INT, 64, 1}, kU8{FK_UINT, 8, 1};

// An owned contiguous tensor on the host; elements are read and written as double, whatever the
// dtype. Copies are deep.
class Array {
 public:
  Array() = default;
  Array(fk_dtype dtype, std::vector<int64_t> shape);  // zeros
  Array(fk_dtype dtype, std::vector<int64_t> shape, const std::vector<double>& values);
  // Uniform in [low, high), rounded to the dtype; the same on every machine.
  static Array random(fk_dtype dtype, std::vector<int64_t> shape, uint64_t seed, double low = -1,
                      double high = 1);

  fk_dtype dtype() const { return dtype_; }
  const std::vector<int64_t>& shape() const { return shape_; }
  int64_t numel() const;
  double at(int64_t i) const;
  void set(int64_t i, double value);
  std::vector<double> values() const;
  std::vector<uint8_t>& bytes() { return bytes_; }
  const std::vector<uint8_t>& bytes() const { return bytes_; }
  template <class T>
  T* data() {
    return reinterpret_cast<T*>(bytes_.data());
  }
  // The header; valid until the array is moved, assigned or destroyed. Points to the bytes even
  // through const.
  const fk_tensor* tensor() const;
  Array to(fk_dtype) const;

 private:
  fk_dtype dtype_{FK_FLOAT, 32, 1};
  std::vector<int64_t> shape_;
  std::vector<uint8_t> bytes_;
  mutable std::vector<int64_t> strides_;
  mutable fk_tensor tensor_{};
};

// max |a - b| over all elements; infinity when shapes differ or one has a NaN where the other has
// none.
double max_abs_error(const Array& a, const Array& b);

}  // namespace fk::test
