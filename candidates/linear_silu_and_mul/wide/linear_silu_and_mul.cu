// SPDX-License-Identifier: Apache-2.0
// gate_proj, up_proj and what joins them in one kernel for more than 64 tokens, where the baseline
// is a product of the library and a pointwise kernel: wide.cuh for up to 128 tokens, by which w is
// read once, tall.cuh for more. Up to 64 tokens are the baseline's own kernel.
#include "../../../baselines/cuda/linear_rows.cuh"
#include "../../../baselines/cuda/linear_skinny.cuh"
#include "fk/tasks/linear_silu_and_mul.h"
#include "tall.cuh"
#include "wide.cuh"

namespace {

using fk::cuda::SkinnyWeight;

class LinearSiluAndMul {
 public:
  static void supports(fk_device device, int32_t sm, const fk_linear_silu_and_mul_init& i) {
    fk::support_cuda(device, sm, 90);
    FK_SUPPORT(i.quant == FK_QUANT_NONE, "takes unquantised weights, found quant %d", int(i.quant));
    FK_SUPPORT(i.tp_size > 0 && i.intermediate_size % (8 * i.tp_size) == 0,
               "takes multiples of 8 for intermediate_size a rank, found %" PRId64 " for %" PRId64,
               i.intermediate_size, i.tp_size);
    fk::cuda::support_linear(device, sm, linear_of(i));
  }

  LinearSiluAndMul(fk::Builder& b, const fk_linear_silu_and_mul_init& i)
      : k_(i.in_features),
        n_(i.intermediate_size / i.tp_size),
        weight_(b.param("weight")),
        bias_(i.bias ? b.param("bias") : fk::Tensor()) {
    fk::cuda::support_linear_params(weight_, bias_, b.dry());
    if (b.dry()) return;
    FK_CUDA_CHECK(cudaDeviceGetAttribute(&sms_, cudaDevAttrMultiProcessorCount, b.device().index));
    const int64_t row = weight_.stride(0);
    few_ =
        SkinnyWeight::make(weight_.dtype(), weight_->data, row, int(2 * n_), int(k_), true, sms_);
    wide_ = wide::Weight::make(weight_.dtype(), weight_->data, row, int(n_), int(k_));
    tall_ = tall::Weight::make(weight_.dtype(), weight_->data, row, int(n_), int(k_));
    weight_.dtype() == fk::kBFloat16 ? prepare<__nv_bfloat16>() : prepare<__half>();
  }

  void forward(const fk::Run& run, const fk_linear_silu_and_mul_args& a) const {
    const int64_t m = fk::cuda::require_linear({.x = a.x, .y = a.y}, k_, n_, weight_.dtype());
    if (m == 0 || n_ == 0) return;
    weight_.dtype() == fk::kBFloat16 ? compute<__nv_bfloat16>(run, a, m)
                                     : compute<__half>(run, a, m);
  }

 private:
  static fk_linear_init linear_of(const fk_linear_silu_and_mul_init& i) {
    return {.in_features = i.in_features,
            .out_features = 2 * i.intermediate_size,
            .bias = i.bias,
            .quant = i.quant};
  }
  template <class T>
  static void prepare() {
    fk::cuda::prepare_linear_skinny<T, true>();
    wide::prepare<T>();
    tall::prepare<T>();
  }
  template <class T>
  void compute(const fk::Run& run, const fk_linear_silu_and_mul_args& a, int64_t m) const {
    const fk::cuda::AlignedRows x(run, a.x);
    fk::cuda::SkinnyArgs args{.x = x.data,
                              .bias = bias_ ? bias_->data : nullptr,
                              .y = a.y->data,
                              .ldx = x.row,
                              .ldy = a.y->strides[0],
                              .m = int(m),
                              .y_float = a.y->dtype == fk::kFloat32};
    const cudaStream_t stream = fk::stream_of(run);
    if (m <= fk::cuda::kSkinnyMax)
      return fk::cuda::launch_linear_skinny<T, true>(few_, args, sms_, stream);
    if (m <= kWideMax) return wide::launch<T>(wide_, args, sms_, stream);
    if (args.y_float) return tall::launch<T>(tall_, args, sms_, stream);
    const fk::cuda::StoredRows y(run, a.y);
    args.y = y.data, args.ldy = y.row;
    tall::launch<T>(tall_, args, sms_, stream);
    y.finish(run);
  }

  static constexpr int kWideMax = 128;
  int64_t k_, n_;
  fk::Tensor weight_, bias_;
  SkinnyWeight few_{};
  wide::Weight wide_{};
  tall::Weight tall_{};
  int sms_ = 132;
};

FK_IMPL(fk::LinearSiluAndMul, "wide", "0.2.0", fk::cuda::kFlags, LinearSiluAndMul)

}  // namespace
