// SPDX-License-Identifier: Apache-2.0
// `linear` by CUTLASS, whichever of its kernels is chosen. x and y that TMA cannot address go
// through scratch.
#pragma once
#include "../cuda/linear_rows.cuh"
#include "gemm.hpp"

namespace fk::cutlass_gemm {

using cuda::kFlags;

struct Choice {
  Gemm gemm;
  int swizzle;
};

template <Choice (*kChoose)(int64_t m, int64_t n)>
class CutlassLinear {
 public:
  static void supports(fk_device device, int32_t sm, const fk_linear_init& i) {
    cuda::support_linear(device, sm, i);
    FK_SUPPORT(sm < 100, "compiled for sm_90a, this card is sm_%d", sm);
  }

  CutlassLinear(Builder& b, const fk_linear_init& i)
      : k_(i.in_features),
        n_(i.out_features),
        weight_(b.param("weight")),
        bias_(i.bias ? b.param("bias") : Tensor()) {
    cuda::support_linear_params(weight_, bias_, b.dry());
    if (b.dry()) return;
    FK_CUDA_CHECK(cudaDeviceGetAttribute(&multiprocessors_, cudaDevAttrMultiProcessorCount,
                                         b.device().index));
  }

  void forward(const Run& run, const fk_linear_args& a) const {
    const int64_t m = cuda::require_linear(a, k_, n_, weight_.dtype());
    if (m == 0 || n_ == 0) return;
    const bool wide = a.y->dtype == kFloat32;
    const cuda::AlignedRows x(run, a.x);
    const cuda::StoredRows y(run, a.y);
    GemmCall c{};
    c.m = int(m), c.n = int(n_), c.k = int(k_);
    c.a = x.data, c.lda = x.row;
    c.b = weight_->data, c.ldb = n_ > 1 ? weight_.stride(0) : k_;
    c.bias = bias_ ? bias_->data : nullptr;
    c.d = y.data, c.ldd = y.row;
    c.multiprocessors = multiprocessors_;
    const Choice choice = kChoose(m, n_);
    c.swizzle = choice.swizzle;
    const bool half = weight_.dtype() == kFloat16;
    const Kind kind = wide ? half ? Kind::kFloat16Float : Kind::kBFloat16Float
                           : (half ? Kind::kFloat16 : Kind::kBFloat16);
    if (const char* fault = (wide ? gemm_float_out : choice.gemm)(kind, c, stream_of(run)))
      throw Error(FK_DEVICE_ERROR, "linear: CUTLASS: %s, m %d, n %d, k %d", fault, c.m, c.n, c.k);
    y.finish(run);
  }

 private:
  int64_t k_, n_;
  Tensor weight_, bias_;
  int multiprocessors_ = 132;
};

}  // namespace fk::cutlass_gemm
