// SPDX-License-Identifier: Apache-2.0
// `linear` for up to 64 tokens: tiles of so few rows of w that every multiprocessor has one
// (narrow.cuh). One and two tokens are the baseline's (linear_skinny.cuh), and so are weights of
// more than 64 rows a multiprocessor. Other numbers of tokens are right, but nothing is gained:
// beyond 64 the weights are read once for every 64.
#include "../../../baselines/cuda/linear_rows.cuh"
#include "../../../baselines/cuda/linear_skinny.cuh"
#include "narrow.cuh"

namespace {

using fk::cuda::SkinnyWeight;

class Linear {
 public:
  static void supports(fk_device device, int32_t sm, const fk_linear_init& i) {
    fk::cuda::support_linear(device, sm, i);
  }

  Linear(fk::Builder& b, const fk_linear_init& i)
      : k_(i.in_features),
        n_(i.out_features),
        weight_(b.param("weight")),
        bias_(i.bias ? b.param("bias") : fk::Tensor()) {
    fk::cuda::support_linear_params(weight_, bias_, b.dry());
    if (b.dry() || n_ == 0) return;
    FK_CUDA_CHECK(cudaDeviceGetAttribute(&sms_, cudaDevAttrMultiProcessorCount, b.device().index));
    const int64_t ldw = n_ > 1 ? weight_.stride(0) : k_;
    const int n = int(n_), k = int(k_);
    skinny_ = SkinnyWeight::make(weight_.dtype(), weight_->data, ldw, n, k, false, sms_);
    narrow_ = narrow::Weight::make(weight_.dtype(), weight_->data, ldw, n, k,
                                   narrow::layout_of(n, k, sms_));
    weight_.dtype() == fk::kBFloat16 ? prepare<__nv_bfloat16>() : prepare<__half>();
  }

  void forward(const fk::Run& run, const fk_linear_args& a) const {
    const int64_t m = fk::cuda::require_linear(a, k_, n_, weight_.dtype());
    if (m == 0 || n_ == 0) return;
    const fk::cuda::AlignedRows x(run, a.x);
    const int64_t ldy = a.y->strides[0], element = int64_t(fk::size_of(a.y->dtype));
    for (int64_t m0 = 0; m0 < m; m0 += narrow::kMostTokens) {
      const narrow::Args args{.x = static_cast<const uint16_t*>(x.data) + m0 * x.row,
                              .bias = bias_ ? bias_->data : nullptr,
                              .y = static_cast<char*>(a.y->data) + m0 * ldy * element,
                              .ldx = x.row,
                              .ldy = ldy,
                              .m = int(std::min<int64_t>(narrow::kMostTokens, m - m0)),
                              .y_float = a.y->dtype == fk::kFloat32};
      weight_.dtype() == fk::kBFloat16 ? launch<__nv_bfloat16>(args, fk::stream_of(run))
                                       : launch<__half>(args, fk::stream_of(run));
    }
  }

 private:
  template <class T>
  static void prepare() {
    fk::cuda::prepare_linear_skinny<T, false>();
    narrow::prepare<T>();
  }
  template <class T>
  void launch(const narrow::Args& a, cudaStream_t stream) const {
    if (a.m > 2 && n_ <= int64_t(64) * sms_) return narrow::launch<T>(narrow_, a, stream);
    fk::cuda::launch_linear_skinny<T, false>(skinny_,
                                             {.x = a.x,
                                              .bias = a.bias,
                                              .y = a.y,
                                              .ldx = a.ldx,
                                              .ldy = a.ldy,
                                              .m = a.m,
                                              .y_float = a.y_float},
                                             sms_, stream);
  }

  int64_t k_, n_;
  fk::Tensor weight_, bias_;
  SkinnyWeight skinny_{};
  narrow::Weight narrow_{};
  int sms_ = 132;
};

FK_IMPL(fk::Linear, "narrow", "0.1.0", fk::cuda::kFlags, Linear)

}  // namespace
