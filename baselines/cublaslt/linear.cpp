// SPDX-License-Identifier: Apache-2.0
#include "lt_linear.hpp"
#include "skinny.hpp"

namespace fk::cublaslt {
namespace {

FK_IMPL(fk::Linear, "cublaslt", "1.0.0", FK_IMPL_GRAPH_SAFE, LtLinear)

// A model runs one instance for prompts and single tokens alike. Few rows of 16 bits go to our own
// kernel where it was measured to read these weights faster, the rest to the library.
//
// One H200, us for (n, k) = (6144, 4096) · (4096, 4096) · (28672, 4096) · (4096, 14336) · (128256,
// 4096), bench_gpu_linear, launches in a row:
//   1 row:  ours 12.7 ·  8.9 · 57.7 · 28.6 · 261   cuBLASLt 14.6 · 12.8 · 55.3 · 31.7 · 235
//   8 rows: ours 14.7 ·  9.6 · 58.3 · 28.5 · 252   cuBLASLt 14.7 · 12.1 · 55.0 · 30.8 · 237
//   16:     ours 17.0 · 11.7 · 66.3 · 30.4 · 267   cuBLASLt 15.0 · 12.5 · 55.5 · 31.2 · 241
//   32:     ours 23.8 · 24.3 · 87.3 · 72.3 · 345   cuBLASLt 15.3 · 12.9 · 56.4 · 31.9 · 245
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
    const Library::Other skinny = [&](const void* w) {
      cuda::SkinnyArgs of = args;
      of.w = w;
      launch_skinny(dtype_, of, cuda::plan_skinny(of.m, of.n, of.k, sms_), stream_of(run));
    };
    product(run, m, a.x->data, m > 1 ? a.x->strides[0] : in_, a.y->data, a.y->dtype,
            m > 1 ? a.y->strides[0] : out_, &skinny);
  }

 private:
  static constexpr int64_t kUpTo = 16;  // rows: with more it wins nowhere
  bool skinny_ = false;
  int sms_ = 132;
};

FK_IMPL(fk::Linear, "hybrid", "1.0.0", FK_IMPL_GRAPH_SAFE, HybridLinear)

}  // namespace
}  // namespace fk::cublaslt
