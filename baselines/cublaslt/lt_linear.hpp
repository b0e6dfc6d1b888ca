// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "../reference/checks.hpp"
#include "convert.hpp"
#include "fk/structs/quant.h"
#include "fk/tasks/linear.h"
#include "library.hpp"

namespace fk::cublaslt {

// y = x * w^T + bias. Quantised weights are kept as floats, so that they are used exactly; x of 16
// bits is then widened and y rounded once, beside a product in fp32.
class LtLinear {
 public:
  static void supports(fk_device device, int32_t sm, const fk_linear_init& i) {
    support_cuda(device, sm, 80);
    FK_SUPPORT(i.quant == FK_QUANT_NONE || i.quant == FK_QUANT_Q4_0 || i.quant == FK_QUANT_Q4_1 ||
                   i.quant == FK_QUANT_Q8_0,
               "takes weights in q4_0, q4_1, q8_0 or unquantised, found quant %d", int(i.quant));
    FK_SUPPORT(i.quant == FK_QUANT_NONE || i.in_features % 32 == 0,
               "a quantised row has whole blocks of 32 weights");
    FK_SUPPORT(i.in_features > 0, "takes in_features of 1 or more");
  }

  LtLinear(Builder& b, const fk_linear_init& i) : in_(i.in_features), out_(i.out_features) {
    if (i.quant == FK_QUANT_NONE) {
      const Tensor w = b.param("weight");
      weight_ = w->data;
      dtype_ = w.dtype();
      ldw_ = out_ > 1 ? w.stride(0) : in_;
    } else {
      const Tensor blocks = b.param("blocks");
      float* w = b.alloc<float>(out_ * in_);
      if (!b.dry())
        launch_dequantize(i.quant, blocks.data<uint8_t>(),
                          out_ > 1 ? blocks.stride(0) : blocks.size(1), w, out_, in_, stream_of(b));
      weight_ = w;
      dtype_ = kFloat32;
      ldw_ = in_;
    }
    if (i.bias) add_bias(b, b.param("bias"));
    if (b.dry()) return;
    FK_CUDA_CHECK(cudaStreamSynchronize(stream_of(b)));  // forward may come on another stream
    library_ = Library::get(b.device().index);
    library_->add_weight(shape(), weight_);
  }
  ~LtLinear() {
    if (library_) library_->remove_weight(shape(), weight_);
  }
  LtLinear(const LtLinear&) = delete;
  LtLinear& operator=(const LtLinear&) = delete;

  void forward(const Run& run, const fk_linear_args& a) const {
    reference::require_shape("linear", "x", a.x, {reference::kAny, in_});
    const int64_t m = a.x->shape[0];
    reference::require_shape("linear", "y", a.y, {m, out_});
    if (m == 0 || out_ == 0) return;
    const int64_t ldx = m > 1 ? a.x->strides[0] : in_, ldy = m > 1 ? a.y->strides[0] : out_;
    if (a.x->dtype == dtype_) return product(run, m, a.x->data, ldx, a.y->data, a.y->dtype, ldy);
    FK_REQUIRE(dtype_ == kFloat32,
               "linear: x has dtype code %d with %d bits and the weight code %d with %d",
               a.x->dtype.code, a.x->dtype.bits, dtype_.code, dtype_.bits);
    float* x = run.scratch<float>(m * in_);
    launch_convert(a.x->data, a.x->dtype, ldx, x, kFloat32, in_, m, in_, true, stream_of(run));
    if (a.y->dtype == kFloat32) return product(run, m, x, in_, a.y->data, kFloat32, ldy);
    float* y = run.scratch<float>(m * out_);
    product(run, m, x, in_, y, kFloat32, out_);
    launch_convert(y, kFloat32, out_, a.y->data, a.y->dtype, ldy, m, out_, true, stream_of(run));
  }

 protected:
  int64_t in_, out_, ldw_ = 0;
  fk_dtype dtype_{}, bias_dtype_{};  // dtype_ of the weight as it is kept
  const void* weight_ = nullptr;
  bool has_bias_ = false;
  const void *bias_ = nullptr, *bias_float_ = nullptr;

  // The library wants a bias of y's dtype, and y may be float32 in any run.
  void add_bias(Builder& b, const Tensor& bias) {
    has_bias_ = true;
    bias_dtype_ = bias.dtype();
    bias_ = bias->data;
    bias_float_ = bias->data;
    if (bias_dtype_ == kFloat32) return;
    float* wide = b.alloc<float>(out_);
    if (!b.dry())
      launch_convert(bias_, bias_dtype_, out_, wide, kFloat32, out_, 1, out_, false, stream_of(b));
    bias_float_ = wide;
  }

  Problem shape() const {
    Problem p{};
    p.n = out_, p.k = in_, p.ldw = ldw_;
    p.in = type_of("weight", dtype_);
    return p;
  }

  Problem problem(int64_t m, const void* x, int64_t ldx, void* y, fk_dtype y_dtype,
                  int64_t ldy) const {
    Problem p = shape();
    p.m = m, p.ldx = ldx, p.ldy = ldy;
    p.out = type_of("y", y_dtype);
    FK_REQUIRE(p.out == p.in || p.out == CUDA_R_32F,
               "linear: y has dtype code %d with %d bits, want the weight's or float32",
               y_dtype.code, y_dtype.bits);
    p.bias = has_bias_;
    p.align_x = alignment_of(x), p.align_w = alignment_of(weight_), p.align_y = alignment_of(y);
    FK_REQUIRE(!has_bias_ || y_dtype == kFloat32 || y_dtype == bias_dtype_,
               "linear: bias has dtype code %d with %d bits, want y's", bias_dtype_.code,
               bias_dtype_.bits);
    return p;
  }
  Matmul matmul(const Problem& p) const {
    return Matmul(p, p.out == CUDA_R_32F ? bias_float_ : bias_);
  }

  void product(const Run& run, int64_t m, const void* x, int64_t ldx, void* y, fk_dtype y_dtype,
               int64_t ldy) const {
    const Problem p = problem(m, x, ldx, y, y_dtype, ldy);
    const Matmul matmul = this->matmul(p);
    const cublasLtMatmulAlgo_t algo =
        library_->choose(matmul, p, x, weight_, y, stream_of(run), capturing(run));
    library_->run(matmul, algo, x, weight_, y, stream_of(run));
  }

  static bool capturing(const Run& run) {
    if (run.raw.flags & FK_RUN_CAPTURING) return true;
    if (!stream_of(run)) return false;  // never captured, and not to be asked during one
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;  // a caller may have forgotten
    FK_CUDA_CHECK(cudaStreamIsCapturing(stream_of(run), &status));
    return status != cudaStreamCaptureStatusNone;
  }

  std::shared_ptr<Library> library_;
};

}  // namespace fk::cublaslt
