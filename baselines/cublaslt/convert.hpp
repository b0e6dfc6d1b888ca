// SPDX-License-Identifier: Apache-2.0
// Kernels around the products. Matrices are row-major; distances between rows are in elements.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "fk/abi.h"

namespace fk::cublaslt {

// Rows of GGUF blocks as floats. `quant` is a value of the registry's enum, `in` a multiple of 32.
void launch_dequantize(int32_t quant, const uint8_t* blocks, int64_t row_bytes, float* w,
                       int64_t out, int64_t in, cudaStream_t stream);

// dst[r][c] = src[r][c]; both sides of one type, or one side float32.
void launch_convert(const void* src, fk_dtype from, int64_t src_row, void* dst, fk_dtype to,
                    int64_t dst_row, int64_t rows, int64_t columns, bool pdl, cudaStream_t stream);

}  // namespace fk::cublaslt
