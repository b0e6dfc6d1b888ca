// SPDX-License-Identifier: Apache-2.0
// Rows of tensors with gaps, and eight elements at a time: what the pointwise kernels share.
#pragma once
#include "common.hpp"
#include "fk/device/vec.cuh"

namespace fk::cuda {

// Where row r of a tensor begins, in elements, all dimensions but the last counted as rows.
struct RowMap {
  int64_t outer, inner;  // strides
  uint32_t count;        // rows of the inner dimension
  __host__ __device__ int64_t operator()(uint32_t r) const {
    return count == 1 ? r * outer : r / count * outer + r % count * inner;
  }
};

inline RowMap row_map(const char* task, const char* name, const fk_tensor* t) {
  RowMap map{0, 0, 1};
  int levels = 0;  // strides found so far, from the innermost row dimension outwards
  int64_t next = 0;
  for (int i = t->ndim - 2; i >= 0; --i) {
    if (t->shape[i] == 1) continue;
    if (levels > 0 && t->strides[i] == next) {
      if (levels == 1) map.count *= uint32_t(t->shape[i]);
    } else {
      FK_SUPPORT(levels < 2, "%s: the rows of %s have gaps in more than two dimensions", task,
                 name);
      if (++levels == 1) {
        map.inner = t->strides[i];
        map.count = uint32_t(t->shape[i]);
      } else {
        map.outer = t->strides[i];
      }
    }
    next = t->strides[i] * t->shape[i];
  }
  return levels < 2 ? RowMap{map.inner, 0, 1} : map;
}

inline int64_t rows_of(const char* task, const fk_tensor* t) {
  const int64_t rows = Tensor(t).rows();
  FK_REQUIRE(rows <= INT32_MAX, "%s: %" PRId64 " rows, want less than 2^31", task, rows);
  return rows;
}

inline void require_same_shape(const char* task, const char* name, const fk_tensor* t,
                               const fk_tensor* x) {
  require_present(task, name, t);
  FK_REQUIRE(t->ndim == x->ndim && std::equal(t->shape, t->shape + t->ndim, x->shape),
             "%s: %s is %s, want %s", task, name, reference::ShapeText(t->shape, t->ndim).text,
             reference::ShapeText(x->shape, x->ndim).text);
  FK_REQUIRE(t->ndim == 0 || t->strides[t->ndim - 1] == 1 || t->shape[t->ndim - 1] <= 1,
             "%s: the last dimension of %s has stride %" PRId64 ", want 1", task, name,
             t->strides[t->ndim - 1]);
}

// Eight elements as floats, through 16-byte accesses; p is 16-byte aligned.
template <class T>
struct Pack {
  static constexpr int kParts = 8 / device::kVec<T>;
  device::Vec<T, device::kVec<T>> part[kParts];
  __device__ void read(const T* p) {
#pragma unroll
    for (int i = 0; i < kParts; ++i)
      part[i] = device::load<device::kVec<T>>(p + i * device::kVec<T>);
  }
  // From elements of a type whose values T holds.
  template <class From>
  __device__ void read_as(const From* p) {
    if constexpr (std::is_same_v<From, T>) return read(p);
    Pack<From> from;
    from.read(p);
#pragma unroll
    for (int i = 0; i < 8; ++i) set(i, from.get(i));
  }
  __device__ void write(T* p) const {
#pragma unroll
    for (int i = 0; i < kParts; ++i) device::store(p + i * device::kVec<T>, part[i]);
  }
  __device__ float get(int i) const {
    return device::to_float(part[i / device::kVec<T>][i % device::kVec<T>]);
  }
  __device__ void set(int i, float x) {
    part[i / device::kVec<T>][i % device::kVec<T>] = device::from_float<T>(x);
  }
};

// Whether rows of `t` can be moved eight elements at a time; a missing tensor can.
inline bool packs(const fk_tensor* t) {
  return !t || (aligned16(t) && t->shape[t->ndim - 1] % 8 == 0);
}

}  // namespace fk::cuda
