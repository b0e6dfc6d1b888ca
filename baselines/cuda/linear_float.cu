// SPDX-License-Identifier: Apache-2.0
// `linear` for few tokens and float32 weights: a warp a row of w, which it reads once for up to
// eight tokens, four 16-byte loads a lane ahead and the first before wait_for_previous(). x comes
// out of L1. More tokens are right but not fast: eight at a time.
#include <algorithm>

#include "common.hpp"
#include "fk/device/pdl.cuh"
#include "fk/device/reduce.cuh"
#include "fk/device/vec.cuh"
#include "fk/structs/quant.h"
#include "fk/tasks/linear.h"

namespace fk::cuda {
namespace {

using device::Sum;
using device::Vec;

constexpr const char* kTask = "linear";
constexpr int kWarps = 4;
constexpr int kAhead = 4;
constexpr int kMaxTokens = 8;

struct FloatArgs {
  const float *w, *x, *bias;
  float* y;
  int64_t ldw, ldx, ldy;
  int m, n, k;
};

// Width: 4 if all rows can be read 16 bytes at a time, else 1. Tokens beyond m repeat the last.
template <int Tokens, int Width>
__global__ void __launch_bounds__(32 * kWarps) linear_float_kernel(const FloatArgs a) {
  const int lane = int(threadIdx.x % 32);
  const int row = int(blockIdx.x) * kWarps + int(threadIdx.x) / 32;
  const float* w = a.w + int64_t(min(row, a.n - 1)) * a.ldw;
  Vec<float, Width> ahead[kAhead];
  auto fetch = [&](int column) {
#pragma unroll
    for (int j = 0; j < kAhead; ++j) {
      const int at = column + (j * 32 + lane) * Width;
      if (at < a.k) ahead[j] = device::load<Width>(w + at);
    }
  };
  fetch(0);
  device::launch_next();
  device::wait_for_previous();
  float sum[Tokens] = {};
  constexpr int kStep = 32 * Width * kAhead;
  for (int column = 0; column < a.k; column += kStep) {
    Vec<float, Width> now[kAhead];
#pragma unroll
    for (int j = 0; j < kAhead; ++j) now[j] = ahead[j];
    fetch(column + kStep);
#pragma unroll
    for (int j = 0; j < kAhead; ++j) {
      const int at = column + (j * 32 + lane) * Width;
      if (at >= a.k) break;
#pragma unroll
      for (int t = 0; t < Tokens; ++t) {
        const auto x = device::load<Width>(a.x + min(t, a.m - 1) * a.ldx + at);
#pragma unroll
        for (int i = 0; i < Width; ++i) sum[t] = fmaf(now[j][i], x[i], sum[t]);
      }
    }
  }
#pragma unroll
  for (int t = 0; t < Tokens; ++t) {
    const float total = device::warp_reduce<Sum>(sum[t]);
    if (lane == t && t < a.m && row < a.n)
      a.y[t * a.ldy + row] = total + (a.bias ? a.bias[row] : 0);
  }
}

template <int Width>
void launch_linear_float(const FloatArgs& a, cudaStream_t stream) {
  auto kernel = a.m == 1   ? linear_float_kernel<1, Width>
                : a.m == 2 ? linear_float_kernel<2, Width>
                : a.m <= 4 ? linear_float_kernel<4, Width>
                           : linear_float_kernel<8, Width>;
  launch(kernel, unsigned((a.n + kWarps - 1) / kWarps), 32 * kWarps, 0, stream, true, a);
}

class FloatLinear {
 public:
  static void supports(fk_device device, int32_t sm, const fk_linear_init& i) {
    support_cuda(device, sm, 80);
    FK_SUPPORT(i.quant == FK_QUANT_NONE, "takes unquantised weights, found quant %d", int(i.quant));
    FK_SUPPORT(std::max(i.in_features, i.out_features) < (int64_t(1) << 30),
               "counts rows and columns in 32 bits");
  }

  FloatLinear(Builder& b, const fk_linear_init& i)
      : k_(i.in_features),
        n_(i.out_features),
        weight_(b.param("weight")),
        bias_(i.bias ? b.param("bias") : Tensor()) {
    FK_SUPPORT(weight_.dtype() == kFloat32,
               "%s: takes float32 weights, found dtype code %d with %d bits", kTask,
               weight_.dtype().code, weight_.dtype().bits);
    if (bias_) require_dtype(kTask, "bias", bias_.get(), kFloat32);
  }

  void forward(const Run& run, const fk_linear_args& a) const {
    require_shape(kTask, "x", a.x, {kAny, k_});
    const int64_t m = a.x->shape[0];
    require_shape(kTask, "y", a.y, {m, n_});
    require_dtype(kTask, "x", a.x, kFloat32);
    require_dtype(kTask, "y", a.y, kFloat32);
    if (n_ == 0) return;
    const bool wide = aligned16(a.x) && aligned16(weight_.get());
    for (int64_t m0 = 0; m0 < m; m0 += kMaxTokens) {
      const FloatArgs args{.w = weight_.data<float>(),
                           .x = static_cast<const float*>(a.x->data) + m0 * a.x->strides[0],
                           .bias = bias_ ? bias_.data<float>() : nullptr,
                           .y = static_cast<float*>(a.y->data) + m0 * a.y->strides[0],
                           .ldw = n_ > 1 ? weight_.stride(0) : k_,
                           .ldx = a.x->strides[0],
                           .ldy = a.y->strides[0],
                           .m = int(std::min<int64_t>(kMaxTokens, m - m0)),
                           .n = int(n_),
                           .k = int(k_)};
      wide ? launch_linear_float<4>(args, stream_of(run))
           : launch_linear_float<1>(args, stream_of(run));
    }
  }

 private:
  int64_t k_, n_;
  Tensor weight_, bias_;
};

FK_IMPL(fk::Linear, "float", "1.0.0", kFlags, FloatLinear)

}  // namespace
}  // namespace fk::cuda
