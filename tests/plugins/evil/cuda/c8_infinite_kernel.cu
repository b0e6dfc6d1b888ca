// SPDX-License-Identifier: Apache-2.0
// C8: a kernel that never ends.
#include "tests/plugins/corpus.cuh"

__global__ void for_ever_kernel(volatile int* never) {
  while (*never == 0) {}
}
FORWARD {
  static int* never = nullptr;
  if (!never) {
    cudaMalloc(reinterpret_cast<void**>(&never), sizeof *never);
    cudaMemset(never, 0, sizeof *never);
  }
  for_ever_kernel<<<1, 1, 0, stream_of(run)>>>(never);
  right_on(a, stream_of(run));
}

CUDA_PLUGIN("c8_infinite_kernel")
