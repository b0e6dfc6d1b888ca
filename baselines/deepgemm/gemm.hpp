// SPDX-License-Identifier: Apache-2.0
// DeepGEMM's bfloat16 kernels, launched by code of ours: its own host side wants PyTorch.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

namespace fk::deepgemm {

// The kernels' grids are compiled for this many multiprocessors (H100 and H200 SXM).
inline constexpr int kMultiprocessors = 132;

// d[m][n] = a[m][k] * b[n][k]^T in bfloat16, d perhaps float32; sums in fp32. Distances between
// rows in elements; every matrix and every row of it begins at a multiple of 16 bytes. A row of d
// may be written up to the next multiple of 16 bytes beyond its n columns.
struct GemmCall {
  const void *a, *b;
  void* d;
  int64_t lda, ldb, ldd;
  int m, n, k;
  bool float_out;
};
void prepare_gemm();  // once a device, before the first launch
void launch_gemm(const GemmCall& call, cudaStream_t stream);

}  // namespace fk::deepgemm
