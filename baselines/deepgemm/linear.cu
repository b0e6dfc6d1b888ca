// SPDX-License-Identifier: Apache-2.0
// `linear` by DeepGEMM: bfloat16 without bias. It is right for any number of rows, and made for 64
// and more. x and y that TMA cannot address go through scratch.
#include "../cuda/linear_rows.cuh"
#include "gemm.hpp"

namespace fk::deepgemm {
namespace {

class DeepGemmLinear {
 public:
  static void supports(fk_device device, int32_t sm, const fk_linear_init& i) {
    cuda::support_linear(device, sm, i);
    FK_SUPPORT(sm < 100, "compiled for sm_90a, this card is sm_%d", sm);
    FK_SUPPORT(!i.bias, "adds no bias");
  }

  DeepGemmLinear(Builder& b, const fk_linear_init& i)
      : k_(i.in_features), n_(i.out_features), weight_(b.param("weight")) {
    FK_SUPPORT(weight_.dtype() == kBFloat16,
               "linear: takes bfloat16 weights, found dtype code %d with %d bits",
               weight_.dtype().code, weight_.dtype().bits);
    cuda::support_linear_params(weight_, {}, b.dry());
    if (b.dry()) return;
    int multiprocessors = 0;
    FK_CUDA_CHECK(
        cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, b.device().index));
    FK_SUPPORT(multiprocessors == kMultiprocessors,
               "linear: compiled for %d multiprocessors, found %d", kMultiprocessors,
               multiprocessors);
    prepare_gemm();
  }

  void forward(const Run& run, const fk_linear_args& a) const {
    const int64_t m = cuda::require_linear(a, k_, n_, kBFloat16);
    if (m == 0 || n_ == 0) return;
    const cuda::AlignedRows x(run, a.x);
    const cuda::StoredRows y(run, a.y);
    GemmCall c{};
    c.m = int(m), c.n = int(n_), c.k = int(k_), c.float_out = a.y->dtype == kFloat32;
    c.a = x.data, c.lda = x.row;
    c.b = weight_->data, c.ldb = n_ > 1 ? weight_.stride(0) : k_;
    c.d = y.data, c.ldd = y.row;
    launch_gemm(c, stream_of(run));
    y.finish(run);
  }

 private:
  int64_t k_, n_;
  Tensor weight_;
};

FK_IMPL(fk::Linear, "deepgemm", "2.0.0", FK_IMPL_GRAPH_SAFE | FK_IMPL_BITWISE, DeepGemmLinear)

}  // namespace
}  // namespace fk::deepgemm
