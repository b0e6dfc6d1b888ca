// SPDX-License-Identifier: Apache-2.0
#include "lt_linear.hpp"
#include "skinny.hpp"

namespace fk::cublaslt {
namespace {

FK_IMPL(fk::Linear, "cublaslt", "1.0.0", FK_IMPL_GRAPH_SAFE, LtLinear)

// A model runs one instance for prompts and single tokens alike: few rows of 16 bits go to our own
// kernel, which reads weights faster, the rest to the library.
class HybridLinear : public LtLinear {
 public:
  static void supports(fk_device device, int32_t sm, const fk_linear_init& i) {
    support_cuda(device, sm, 90);
    LtLinear::supports(device, sm, i);
  }

  HybridLinear(Builder& b, const fk_linear_init& i) : LtLinear(b, i) {
    skinny_ = dtype_.bits == 16 && in_ > 0 && in_ % 8 == 0 && ldw_ % 8 == 0 &&
              std::max(in_, out_) < (int64_t(1) << 30) && (!has_bias_ || bias_dtype_ == dtype_);
    if (b.dry() || !skinny_) return;
    skinny_ = alignment_of(weight_) >= 16;
    FK_CUDA_CHECK(cudaDeviceGetAttribute(&sms_, cudaDevAttrMultiProcessorCount, b.device().index));
    if (skinny_) prepare_skinny(dtype_);
  }

  void forward(const Run& run, const fk_linear_args& a) const {
    reference::require_shape("linear", "x", a.x, {reference::kAny, in_});
    const int64_t m = a.x->shape[0];
    reference::require_shape("linear", "y", a.y, {m, out_});
    if (!skinny_ || m == 0 || m > kUpTo || out_ == 0 || a.x->dtype != dtype_ ||
        (a.y->dtype != dtype_ && a.y->dtype != kFloat32) || alignment_of(a.x->data) < 16 ||
        (m > 1 && a.x->strides[0] % 8))
      return LtLinear::forward(run, a);
    const cuda::SkinnyArgs args{.w = weight_,
                                .x = a.x->data,
                                .bias = has_bias_ ? bias_ : nullptr,
                                .y = a.y->data,
                                .ldw = ldw_,
                                .ldx = a.x->strides[0],
                                .ldy = a.y->strides[0],
                                .m = int(m),
                                .n = int(out_),
                                .k = int(in_),
                                .y_float = a.y->dtype == kFloat32};
    launch_skinny(dtype_, args, cuda::plan_skinny(args.m, args.n, args.k, sms_), stream_of(run));
  }

 private:
  static constexpr int64_t kUpTo = cuda::kSkinnyMax;  // rows
  bool skinny_ = false;
  int sms_ = 132;
};

FK_IMPL(fk::Linear, "hybrid", "1.0.0", FK_IMPL_GRAPH_SAFE, HybridLinear)

}  // namespace
}  // namespace fk::cublaslt
