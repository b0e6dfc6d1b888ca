// SPDX-License-Identifier: Apache-2.0
// `linear` for 65 to 128 tokens: the kernel of linear_silu_and_mul:wide (wide.cuh there) without
// what joins gate and up. Two blocks side by side share their boxes of x, and up to four such pairs
// share k, so that the 32 tiles of o_proj and down_proj of Llama-3.1-8B are 128 blocks. Fewer
// tokens are the baseline's kernel for few; of more the weights are read once for every 128: right,
// but not fast.
#include "../../../baselines/cuda/linear_rows.cuh"
#include "../../../baselines/cuda/linear_skinny.cuh"
#include "../../linear_silu_and_mul/wide/wide.cuh"

namespace {

using fk::cuda::SkinnyArgs;
using fk::cuda::SkinnyWeight;

class Linear {
 public:
  static void supports(fk_device device, int32_t sm, const fk_linear_init& i) {
    fk::support_cuda(device, sm, 90);
    fk::cuda::support_linear(device, sm, i);
  }

  Linear(fk::Builder& b, const fk_linear_init& i)
      : k_(i.in_features),
        n_(i.out_features),
        weight_(b.param("weight")),
        bias_(i.bias ? b.param("bias") : fk::Tensor()) {
    fk::cuda::support_linear_params(weight_, bias_, b.dry());
    if (b.dry()) return;
    FK_CUDA_CHECK(cudaDeviceGetAttribute(&sms_, cudaDevAttrMultiProcessorCount, b.device().index));
    const int64_t row = n_ > 1 ? weight_.stride(0) : k_;
    few_ = SkinnyWeight::make(weight_.dtype(), weight_->data, row, int(n_), int(k_), false);
    many_ = wide::Weight<false>::make(weight_.dtype(), weight_->data, row, int(n_), int(k_));
    weight_.dtype() == fk::kBFloat16 ? prepare<__nv_bfloat16>() : prepare<__half>();
  }

  void forward(const fk::Run& run, const fk_linear_args& a) const {
    const int64_t m = fk::cuda::require_linear(a, k_, n_, weight_.dtype());
    if (m == 0 || n_ == 0) return;
    weight_.dtype() == fk::kBFloat16 ? compute<__nv_bfloat16>(run, a, m)
                                     : compute<__half>(run, a, m);
  }

 private:
  template <class T>
  static void prepare() {
    fk::cuda::prepare_linear_skinny<T, false>();
    wide::prepare<T, 96, 2, false>();
    wide::prepare<T, 128, 2, false>();
  }
  template <class T>
  void compute(const fk::Run& run, const fk_linear_args& a, int64_t m) const {
    const fk::cuda::AlignedRows x(run, a.x);
    const SkinnyArgs args{.x = x.data,
                          .bias = bias_ ? bias_->data : nullptr,
                          .y = a.y->data,
                          .ldx = x.row,
                          .ldy = a.y->strides[0],
                          .m = int(m),
                          .y_float = a.y->dtype == fk::kFloat32};
    if (m <= fk::cuda::kSkinnyMax)
      fk::cuda::launch_linear_skinny<T, false>(few_, args, sms_, fk::stream_of(run));
    else if (m <= 96)
      wide::run<T, 96, 2>(many_, args, split(), shared_kb(), fk::stream_of(run));
    else
      wide::run<T, 128, 2>(many_, args, split(), shared_kb(), fk::stream_of(run));
  }
  // Of a block: where there are more than multiprocessors, two run on each.
  int shared_kb() const { return split() > 1 ? 224 : 112; }

  // As many pairs a pair of tiles as leave no block waiting for another to end.
  int split() const {
    int split = 1;
    while (split < 4 && many_.pairs(2) * wide::kPair * (split + 1) <= sms_ &&
           (split + 1) * 4 <= (many_.k + wide::kChunk - 1) / wide::kChunk)
      ++split;
    return split;
  }

  int64_t k_, n_;
  fk::Tensor weight_, bias_;
  SkinnyWeight few_{};
  wide::Weight<false> many_{};
  int sms_ = 132;
};

FK_IMPL(fk::Linear, "pairs", "0.1.0", fk::cuda::kFlags, Linear)

}  // namespace
