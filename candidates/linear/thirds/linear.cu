// SPDX-License-Identifier: Apache-2.0
// `linear` for 9 to 64 tokens: the baseline's kernel (linear_skinny.cuh) in clusters of any size.
// It takes the power of two that gives about 64 blocks a product; down_proj and o_proj of
// Llama-3.1-8B have 32 tiles, and 96 blocks in clusters of three read faster than 64 in pairs or
// 128 in fours.
//
// One H200, bfloat16, us with a tiny kernel before each, 32 · 64 tokens:
//   (n, k) =         (4096, 4096)    (4096, 14336)    the four products of a layer in turn
//   cuBLASLt         13.4 · 13.1     33.5 · 35.3      129.0 · 132.0
//   the baseline     12.2 · 13.3     34.4 · 35.7      123.4 · 134.4
//   three blocks     12.5 · 13.6     32.8 · 33.0      120.8 · 126.0
// Other numbers of tokens are right, but nothing is gained: up to 8 are the baseline's, beyond 64
// the weights are read once for every 64.
#include "../../../baselines/cuda/linear_rows.cuh"
#include "../../../baselines/cuda/linear_skinny.cuh"

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
    if (b.dry()) return;
    FK_CUDA_CHECK(cudaDeviceGetAttribute(&sms_, cudaDevAttrMultiProcessorCount, b.device().index));
    w_ = SkinnyWeight::make(weight_.dtype(), weight_->data, n_ > 1 ? weight_.stride(0) : k_,
                            int(n_), int(k_), false);
    weight_.dtype() == fk::kBFloat16 ? fk::cuda::prepare_linear_skinny<__nv_bfloat16, false>()
                                     : fk::cuda::prepare_linear_skinny<__half, false>();
  }

  void forward(const fk::Run& run, const fk_linear_args& a) const {
    const int64_t m = fk::cuda::require_linear(a, k_, n_, weight_.dtype());
    if (m == 0 || n_ == 0) return;
    const fk::cuda::AlignedRows x(run, a.x);
    const int64_t ldy = a.y->strides[0], element = int64_t(fk::size_of(a.y->dtype));
    const auto launch = weight_.dtype() == fk::kBFloat16
                            ? fk::cuda::launch_linear_skinny<__nv_bfloat16, false>
                            : fk::cuda::launch_linear_skinny<__half, false>;
    for (int64_t m0 = 0; m0 < m; m0 += fk::cuda::kSkinnyMax)
      launch(w_,
             {.x = static_cast<const uint16_t*>(x.data) + m0 * x.row,
              .bias = bias_ ? bias_->data : nullptr,
              .y = static_cast<char*>(a.y->data) + m0 * ldy * element,
              .ldx = x.row,
              .ldy = ldy,
              .m = int(std::min<int64_t>(fk::cuda::kSkinnyMax, m - m0)),
              .y_float = a.y->dtype == fk::kFloat32,
              .split = split()},
             sms_, fk::stream_of(run));
  }

 private:
  // The fewest blocks a tile that give seven of ten multiprocessors one.
  int split() const {
    int split = 1;
    while (split < 8 && fk::cuda::skinny_tiles(w_) * split * 10 < sms_ * 7 &&
           split * 4 < fk::cuda::skinny_chunks(w_))
      ++split;
    return split;
  }

  int64_t k_, n_;
  fk::Tensor weight_, bias_;
  SkinnyWeight w_{};
  int sms_ = 132;
};

FK_IMPL(fk::Linear, "thirds", "0.1.0", fk::cuda::kFlags, Linear)

}  // namespace
