// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "fk/abi.h"

namespace fk::core {

// A tensor header with its own shape and strides. Its address is handed to plugins, so it stays
// where it is.
class TensorBox {
 public:
  // Contiguous.
  TensorBox(void* data, fk_device device, fk_dtype dtype, std::vector<int64_t> shape)
      : shape_(std::move(shape)), strides_(shape_.size()) {
    int64_t step = 1;
    for (size_t i = shape_.size(); i-- > 0; step *= shape_[i]) strides_[i] = step;
    tensor_ = {data, device, int32_t(shape_.size()), dtype, shape_.data(), strides_.data(), 0};
  }
  TensorBox(const TensorBox&) = delete;
  TensorBox& operator=(const TensorBox&) = delete;
  const fk_tensor* get() const { return &tensor_; }

 private:
  std::vector<int64_t> shape_, strides_;
  fk_tensor tensor_;
};

}  // namespace fk::core
