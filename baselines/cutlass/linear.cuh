// SPDX-License-Identifier: Apache-2.0
// `linear` by CUTLASS, whichever of its kernels is chosen. x and y that TMA cannot address go
// through scratch.
#pragma once
#include "../reference/checks.hpp"
#include "fk/structs/quant.h"
#include "fk/tasks/linear.h"
#include "gemm.hpp"
#include "rows.cuh"

namespace fk::cutlass_gemm {

using reference::kAny;
using reference::require_dtype;
using reference::require_shape;

inline constexpr uint32_t kFlags = FK_IMPL_GRAPH_SAFE | FK_IMPL_BITWISE;

struct Choice {
  Gemm gemm;
  int swizzle;
};

template <Choice (*kChoose)(int64_t m, int64_t n)>
class CutlassLinear {
  static constexpr const char* kTask = "linear";

 public:
  static void supports(fk_device device, int32_t sm, const fk_linear_init& i) {
    support_cuda(device, sm, 90);
    FK_SUPPORT(sm < 100, "compiled for sm_90a, this card is sm_%d", sm);
    FK_SUPPORT(i.quant == FK_QUANT_NONE, "takes unquantised weights, found quant %d", int(i.quant));
    FK_SUPPORT(i.in_features > 0 && i.in_features % 8 == 0,
               "TMA wants rows of weights at multiples of 16 bytes: in_features must be a multiple "
               "of 8");
    FK_SUPPORT(i.in_features <= INT32_MAX && i.out_features < INT32_MAX / 2,
               "counts rows and columns in 32 bits");
  }

  CutlassLinear(Builder& b, const fk_linear_init& i)
      : k_(i.in_features),
        n_(i.out_features),
        weight_(b.param("weight")),
        bias_(i.bias ? b.param("bias") : Tensor()) {
    // The run's dtype shows in the weight's only.
    FK_SUPPORT(weight_.dtype() == kBFloat16 || weight_.dtype() == kFloat16,
               "%s: takes bfloat16 and float16 weights, found dtype code %d with %d bits", kTask,
               weight_.dtype().code, weight_.dtype().bits);
    if (bias_) require_dtype(kTask, "bias", bias_.get(), weight_.dtype());
    if (b.dry()) return;
    FK_SUPPORT(rows_aligned16(weight_->data, n_, weight_.stride(0), 2),
               "%s: rows of the weight do not start at 16 bytes", kTask);
    FK_CUDA_CHECK(cudaDeviceGetAttribute(&multiprocessors_, cudaDevAttrMultiProcessorCount,
                                         b.device().index));
  }

  void forward(const Run& run, const fk_linear_args& a) const {
    require_shape(kTask, "x", a.x, {kAny, k_});
    const int64_t m = a.x->shape[0];
    require_shape(kTask, "y", a.y, {m, n_});
    require_dtype(kTask, "x", a.x, weight_.dtype());
    const bool wide = a.y->dtype == kFloat32;
    if (!wide) require_dtype(kTask, "y", a.y, weight_.dtype());
    if (m == 0 || n_ == 0) return;
    FK_SUPPORT(m <= INT32_MAX, "%s: %" PRId64 " rows, counted in 32 bits", kTask, m);

    const cudaStream_t stream = stream_of(run);
    const Tensor x(a.x), y(a.y);
    GemmCall c{};
    c.m = int(m), c.n = int(n_), c.k = int(k_);
    c.a = x->data, c.lda = m > 1 ? x.stride(0) : k_;
    if (!rows_aligned16(c.a, m, c.lda, 2)) {
      uint16_t* packed = run.scratch<uint16_t>(m * k_);
      launch_copy_rows<uint16_t>(c.a, c.lda, packed, k_, m, k_, stream);
      c.a = packed, c.lda = k_;
    }
    c.b = weight_->data, c.ldb = n_ > 1 ? weight_.stride(0) : k_;
    c.bias = bias_ ? bias_->data : nullptr;
    const int64_t element = int64_t(size_of(y.dtype())), ldy = m > 1 ? y.stride(0) : n_;
    c.d = y->data;
    c.ldd = m > 1 ? ldy : (n_ + 7) / 8 * 8;  // of one row no second is ever written
    const bool direct = rows_aligned16(c.d, m, c.ldd, element);
    if (!direct) {
      c.ldd = (n_ + 7) / 8 * 8;
      c.d = run.scratch_bytes(size_t(m * c.ldd * element));
    }
    c.multiprocessors = multiprocessors_;
    const Choice choice = kChoose(m, n_);
    c.swizzle = choice.swizzle;
    const bool half = weight_.dtype() == kFloat16;
    const Kind kind = wide ? half ? Kind::kFloat16Float : Kind::kBFloat16Float
                           : (half ? Kind::kFloat16 : Kind::kBFloat16);
    if (const char* fault = (wide ? gemm_float_out : choice.gemm)(kind, c, stream))
      throw Error(FK_DEVICE_ERROR, "%s: CUTLASS: %s, m %d, n %d, k %d", kTask, fault, c.m, c.n,
                  c.k);
    if (direct) return;
    if (wide)
      launch_copy_rows<uint32_t>(c.d, c.ldd, y->data, ldy, m, n_, stream);
    else
      launch_copy_rows<uint16_t>(c.d, c.ldd, y->data, ldy, m, n_, stream);
  }

 private:
  int64_t k_, n_;
  Tensor weight_, bias_;
  int multiprocessors_ = 132;
};

}  // namespace fk::cutlass_gemm
