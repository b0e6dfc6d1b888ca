// SPDX-License-Identifier: Apache-2.0
#include "../cuda/silu_and_mul.cuh"
#include "silu_and_mul.hpp"

namespace fk::cublaslt {

void silu_and_mul(const Run& run, const fk_tensor* x, const fk_tensor* y) {
  constexpr const char* kTask = "linear_silu_and_mul";
  const bool vectors = cuda::packs(x) && cuda::packs(y);
  cuda::with_type(kTask, "y", y->dtype, [&](auto type) {
    using T = decltype(type);
    cuda::launch_silu_and_mul(static_cast<const T*>(x->data), cuda::row_map(kTask, "x", x),
                              static_cast<T*>(y->data), cuda::row_map(kTask, "y", y), y->shape[0],
                              y->shape[1], vectors, stream_of(run));
  });
}

}  // namespace fk::cublaslt
