// SPDX-License-Identifier: Apache-2.0
#include "../cuda/linear_skinny.cuh"
#include "skinny.hpp"

namespace fk::cublaslt {
namespace {

template <class F>
void with_kind(const cuda::SkinnyWeight& w, F&& f) {
  using std::bool_constant;
  if (w.dtype == kBFloat16)
    w.gated ? f(__nv_bfloat16(), bool_constant<true>())
            : f(__nv_bfloat16(), bool_constant<false>());
  else
    w.gated ? f(__half(), bool_constant<true>()) : f(__half(), bool_constant<false>());
}

}  // namespace

void Skinny::prepare() const {
  with_kind(w_,
            [](auto type, auto gated) { cuda::prepare_linear_skinny<decltype(type), gated()>(); });
}

void Skinny::launch(const cuda::SkinnyArgs& args, cudaStream_t stream) const {
  with_kind(w_, [&](auto type, auto gated) {
    cuda::launch_linear_skinny<decltype(type), gated()>(w_, args, sms_, stream);
  });
}

}  // namespace fk::cublaslt
