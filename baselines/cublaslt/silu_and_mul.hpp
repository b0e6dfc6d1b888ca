// SPDX-License-Identifier: Apache-2.0
// The cuda plugin's kernel, compiled into this plugin as well.
#pragma once
#include "fk/plugin.hpp"

namespace fk::cublaslt {

// y [m, d] = silu(x[:, :d]) * x[:, d:]; x is contiguous, both of one dtype.
void silu_and_mul(const Run& run, const fk_tensor* x, const fk_tensor* y);

}  // namespace fk::cublaslt
