// SPDX-License-Identifier: Apache-2.0
#include "../cuda/linear_skinny.cuh"
#include "skinny.hpp"

namespace fk::cublaslt {

void prepare_skinny(fk_dtype dtype) {
  dtype == kBFloat16 ? cuda::prepare_linear_skinny<__nv_bfloat16>()
                     : cuda::prepare_linear_skinny<__half>();
}

void launch_skinny(fk_dtype dtype, const cuda::SkinnyArgs& args, const cuda::SkinnyPlan& plan,
                   cudaStream_t stream) {
  dtype == kBFloat16 ? cuda::launch_linear_skinny<__nv_bfloat16>(args, plan, stream)
                     : cuda::launch_linear_skinny<__half>(args, plan, stream);
}

}  // namespace fk::cublaslt
