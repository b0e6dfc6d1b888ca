// SPDX-License-Identifier: Apache-2.0
// The CUTLASS kernels of this plugin behind one plain signature: the adapter includes none of
// CUTLASS, and each kernel is compiled in a file of its own.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

namespace fk::cutlass_gemm {

// d[m][n] = a[m][k] * b[n][k]^T + bias[n], sums in fp32. Distances between rows in elements. a, b
// and d begin at multiples of 16 bytes and so does each of their rows; bias may be NULL. A row of d
// may be written up to the next multiple of 16 bytes beyond its n columns.
struct GemmCall {
  const void *a, *b, *bias;
  void* d;
  int64_t lda, ldb, ldd;
  int m, n, k;
  int multiprocessors;
  int swizzle;  // tiles whose operands are kept in L2 together
};

enum class Kind {
  kBFloat16,       // all bfloat16
  kFloat16,        // all float16
  kBFloat16Float,  // d float32, the rest bfloat16
  kFloat16Float,
};

// Enqueue one kernel, which may start before the one before it has ended. Return NULL, or what
// CUTLASS says is wrong. A kernel that was not compiled for `kind` says so.
using Gemm = const char* (*)(Kind kind, const GemmCall& call, cudaStream_t stream);
const char* gemm_coop_128x256(Kind kind, const GemmCall& call, cudaStream_t stream);
const char* gemm_ping_128x128(Kind kind, const GemmCall& call, cudaStream_t stream);
const char* gemm_ping_64x128(Kind kind, const GemmCall& call, cudaStream_t stream);
const char* gemm_float_out(Kind kind, const GemmCall& call, cudaStream_t stream);

}  // namespace fk::cutlass_gemm
