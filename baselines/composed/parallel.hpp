// SPDX-License-Identifier: Apache-2.0
// What the composites of this plugin share: tensor-parallel shares and views into wider tensors.
#pragma once
#include <cinttypes>

#include "fk/plugin.hpp"

namespace fk::composed {

inline constexpr uint32_t kFlags = FK_IMPL_COMPOSITE | FK_IMPL_GRAPH_SAFE;

// This rank's part of `total`.
inline int64_t share(const char* what, int64_t total, int64_t tp_size) {
  FK_REQUIRE(tp_size >= 1, "tp_size is %" PRId64 ", want 1 or more", tp_size);
  FK_REQUIRE(total % tp_size == 0,
             "%s is %" PRId64 ", which does not divide over %" PRId64 " tensor-parallel ranks",
             what, total, tp_size);
  return total / tp_size;
}

// Columns [first, first + heads * head_size) of a contiguous [n, columns] tensor, seen as heads.
inline TensorView heads_of(const fk_tensor* t, int64_t first, int64_t heads, int64_t head_size) {
  char* data = static_cast<char*>(t->data) + size_t(first) * size_of(t->dtype);
  return {
      data, t->device, t->dtype, {t->shape[0], heads, head_size}, {t->strides[0], head_size, 1}};
}

// A contiguous tensor with its rows seen in another shape.
inline TensorView flat(const fk_tensor* t, int64_t columns) {
  return {t->data, t->device, t->dtype, {t->shape[0], columns}};
}

}  // namespace fk::composed
