// SPDX-License-Identifier: Apache-2.0
// Between the ABI's tensors and the launchers.
#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "../reference/checks.hpp"
#include "fk/cuda.hpp"

namespace fk::cuda {

using reference::kAny;
using reference::require_dtype;
using reference::require_present;
using reference::require_shape;

inline constexpr uint32_t kFlags = FK_IMPL_GRAPH_SAFE | FK_IMPL_BITWISE;

// Calls f with a value of the element type of `d`: f(float()), f(__nv_bfloat16()) or f(__half()).
template <class F>
void with_type(const char* task, const char* name, fk_dtype d, const F& f) {
  if (d == kFloat32) return f(float());
  if (d == kBFloat16) return f(__nv_bfloat16());
  if (d == kFloat16) return f(__half());
  throw Error(FK_UNSUPPORTED,
              "%s: %s has dtype code %d with %d bits; the cuda plugin computes float32, bfloat16 "
              "and float16",
              task, name, d.code, d.bits);
}

// Whether rows of `t` can be read 16 bytes at a time: address, every stride but the last and the
// length of a row.
inline bool aligned16(const fk_tensor* t) {
  const int64_t e = int64_t(size_of(t->dtype));
  if (reinterpret_cast<uintptr_t>(t->data) % 16 || (t->ndim && t->shape[t->ndim - 1] * e % 16))
    return false;
  for (int i = 0; i + 1 < t->ndim; ++i)
    if (t->shape[i] > 1 && t->strides[i] * e % 16) return false;
  return true;
}

}  // namespace fk::cuda
