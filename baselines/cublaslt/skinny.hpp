// SPDX-License-Identifier: Apache-2.0
// The cuda plugin's kernel for few rows, compiled into this plugin as well.
#pragma once
#include "../cuda/linear_skinny.hpp"
#include "fk/abi.h"

namespace fk::cublaslt {

// `dtype`: bfloat16 or float16, of w, x and bias.
void prepare_skinny(fk_dtype dtype);  // before the first launch on a device
void launch_skinny(fk_dtype dtype, const cuda::SkinnyArgs& args, const cuda::SkinnyPlan& plan,
                   cudaStream_t stream);

}  // namespace fk::cublaslt
