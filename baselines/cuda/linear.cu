// SPDX-License-Identifier: Apache-2.0
// `linear` for few tokens and 16-bit weights (the kernel is in linear_skinny.cuh). More than 64
// tokens are right but not fast: 64 at a time, each reading the weights again.
#include "linear_rows.cuh"
#include "linear_skinny.cuh"

namespace fk::cuda {
namespace {

class SkinnyLinear {
 public:
  static void supports(fk_device device, int32_t sm, const fk_linear_init& i) {
    support_linear(device, sm, i);
  }

  SkinnyLinear(Builder& b, const fk_linear_init& i)
      : k_(i.in_features),
        n_(i.out_features),
        weight_(b.param("weight")),
        bias_(i.bias ? b.param("bias") : Tensor()) {
    support_linear_params(weight_, bias_, b.dry());
    if (b.dry()) return;
    FK_CUDA_CHECK(cudaDeviceGetAttribute(&sms_, cudaDevAttrMultiProcessorCount, b.device().index));
    w_ = SkinnyWeight::make(weight_.dtype(), weight_->data, n_ > 1 ? weight_.stride(0) : k_,
                            int(n_), int(k_), false, sms_);
    if (weight_.dtype() == kBFloat16)
      prepare_linear_skinny<__nv_bfloat16, false>();
    else
      prepare_linear_skinny<__half, false>();
  }

  void forward(const Run& run, const fk_linear_args& a) const {
    const int64_t m = require_linear(a, k_, n_, weight_.dtype());
    if (m == 0 || n_ == 0) return;
    if (weight_.dtype() == kBFloat16)
      compute<__nv_bfloat16>(run, a, m);
    else
      compute<__half>(run, a, m);
  }

 private:
  template <class T>
  void compute(const Run& run, const fk_linear_args& a, int64_t m) const {
    const AlignedRows x(run, a.x);
    const int64_t ldy = a.y->strides[0];
    for (int64_t m0 = 0; m0 < m; m0 += kSkinnyMax) {
      const SkinnyArgs args{
          .x = static_cast<const T*>(x.data) + m0 * x.row,
          .bias = bias_ ? bias_->data : nullptr,
          .y = static_cast<char*>(a.y->data) + m0 * ldy * int64_t(size_of(a.y->dtype)),
          .ldx = x.row,
          .ldy = ldy,
          .m = int(std::min<int64_t>(kSkinnyMax, m - m0)),
          .y_float = a.y->dtype == kFloat32};
      launch_linear_skinny<T, false>(w_, args, sms_, stream_of(run));
    }
  }

  int64_t k_, n_;
  Tensor weight_, bias_;
  SkinnyWeight w_{};
  int sms_ = 132;
};

FK_IMPL(fk::Linear, "skinny", "2.0.0", kFlags, SkinnyLinear)

}  // namespace
}  // namespace fk::cuda
