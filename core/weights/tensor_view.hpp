// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

#include "fk/abi.h"

namespace fk::core {

// A contiguous host tensor with the storage of its shape and strides. Not movable: `tensor` points
// inside.
struct TensorView {
  TensorView(const uint8_t* data, std::vector<int64_t> dims, fk_dtype dtype)
      : shape(std::move(dims)), strides(shape.size(), 1) {
    for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
    tensor = {const_cast<uint8_t*>(data),
              {FK_CPU, 0},
              int32_t(shape.size()),
              dtype,
              shape.data(),
              strides.data(),
              0};
  }
  TensorView(const TensorView&) = delete;
  TensorView& operator=(const TensorView&) = delete;
  std::vector<int64_t> shape, strides;
  fk_tensor tensor;
};

}  // namespace fk::core
