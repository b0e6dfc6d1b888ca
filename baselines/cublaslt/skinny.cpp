// SPDX-License-Identifier: Apache-2.0
#include "skinny.hpp"

#include "matmul.hpp"

namespace fk::cublaslt {

Skinny::Skinny(Builder& b, fk_dtype dtype, const void* w, int64_t ldw, int64_t n, int64_t k,
               bool gated) {
  if (dtype.bits != 16 || n <= 0 || k <= 0 || k % 8 || ldw % 8 || (gated && n % 16) ||
      std::max(n, k) >= int64_t(1) << 30 || alignment_of(w) < 16)
    return;
  FK_CUDA_CHECK(cudaDeviceGetAttribute(&sms_, cudaDevAttrMultiProcessorCount, b.device().index));
  w_ = cuda::SkinnyWeight::make(dtype, w, ldw, int(n), int(k), gated, sms_);
  usable_ = true;
  prepare();
}

bool Skinny::takes(const fk_tensor* x, const fk_tensor* y) const {
  return usable_ && x->shape[0] > 0 && x->shape[0] <= cuda::kSkinnyMax && x->dtype == w_.dtype &&
         (y->dtype == w_.dtype || y->dtype == kFloat32) && alignment_of(x->data) >= 16 &&
         (x->shape[0] == 1 || x->strides[0] % 8 == 0);
}

Skinny Skinny::with(const void* w) const {
  Skinny other = *this;
  other.w_ = cuda::SkinnyWeight::make(w_.dtype, w, w_.ldw, w_.gated ? 2 * w_.outputs : w_.outputs,
                                      w_.k, w_.gated, sms_);
  return other;
}

void Skinny::run(const Run& run, const fk_tensor* x, const void* bias, const fk_tensor* y) const {
  launch({.x = x->data,
          .bias = bias,
          .y = y->data,
          .ldx = x->strides[0],
          .ldy = y->strides[0],
          .m = int(x->shape[0]),
          .y_float = y->dtype == kFloat32},
         stream_of(run));
}

}  // namespace fk::cublaslt
