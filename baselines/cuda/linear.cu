// SPDX-License-Identifier: Apache-2.0
// `linear` for few tokens and 16-bit weights (the kernel is in linear_skinny.cuh). More than 64
// tokens are right but not fast: 64 at a time, each reading the weights again.
#include <algorithm>
#include <type_traits>

#include "common.hpp"
#include "fk/structs/quant.h"
#include "fk/tasks/linear.h"
#include "linear_skinny.cuh"

namespace fk::cuda {
namespace {

constexpr const char* kTask = "linear";
constexpr int kThreads = 256;

// Rows that do not start at multiples of 16 bytes, put side by side.
template <class T>
__global__ void pack_rows_kernel(const T* x, int64_t ldx, T* packed, int64_t total, int64_t k) {
  device::launch_next();
  device::wait_for_previous();
  const int64_t i = int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i < total) packed[i] = x[i / k * ldx + i % k];
}

class SkinnyLinear {
 public:
  static void supports(fk_device device, int32_t sm, const fk_linear_init& i) {
    support_cuda(device, sm, 90);
    FK_SUPPORT(i.quant == FK_QUANT_NONE, "takes unquantised weights, found quant %d", int(i.quant));
    FK_SUPPORT(i.in_features % 8 == 0 && i.in_features > 0,
               "reads rows of weights 16 bytes at a time: in_features must be a multiple of 8");
    FK_SUPPORT(std::max(i.in_features, i.out_features) < (int64_t(1) << 30),
               "counts rows and columns in 32 bits");
  }

  SkinnyLinear(Builder& b, const fk_linear_init& i)
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
    FK_SUPPORT(aligned16(weight_.get()), "%s: rows of the weight do not start at 16 bytes", kTask);
    FK_CUDA_CHECK(cudaDeviceGetAttribute(&sms_, cudaDevAttrMultiProcessorCount, b.device().index));
    w_ = SkinnyWeight::make(weight_.dtype(), weight_->data, n_ > 1 ? weight_.stride(0) : k_,
                            int(n_), int(k_), false);
    if (weight_.dtype() == kBFloat16)
      prepare_linear_skinny<__nv_bfloat16, false>();
    else
      prepare_linear_skinny<__half, false>();
  }

  void forward(const Run& run, const fk_linear_args& a) const {
    require_shape(kTask, "x", a.x, {kAny, k_});
    const int64_t m = a.x->shape[0];
    require_shape(kTask, "y", a.y, {m, n_});
    require_dtype(kTask, "x", a.x, weight_.dtype());
    if (a.y->dtype != kFloat32) require_dtype(kTask, "y", a.y, weight_.dtype());
    if (m == 0 || n_ == 0) return;
    if (weight_.dtype() == kBFloat16)
      compute<__nv_bfloat16>(run, a, m);
    else
      compute<__half>(run, a, m);
  }

 private:
  template <class T>
  void compute(const Run& run, const fk_linear_args& a, int64_t m) const {
    const T* x = static_cast<const T*>(a.x->data);
    int64_t ldx = a.x->strides[0];
    if (!aligned16(a.x)) {
      T* packed = run.scratch<T>(m * k_);
      launch(pack_rows_kernel<T>, unsigned((m * k_ + kThreads - 1) / kThreads), kThreads, 0,
             stream_of(run), true, x, ldx, packed, m * k_, k_);
      x = packed;
      ldx = k_;
    }
    const int64_t ldy = a.y->strides[0];
    for (int64_t m0 = 0; m0 < m; m0 += kSkinnyMax) {
      const SkinnyArgs args{
          .x = x + m0 * ldx,
          .bias = bias_ ? bias_->data : nullptr,
          .y = static_cast<char*>(a.y->data) + m0 * ldy * int64_t(size_of(a.y->dtype)),
          .ldx = ldx,
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
