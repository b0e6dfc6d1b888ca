// SPDX-License-Identifier: Apache-2.0
// C9: a kernel writes to no address there is, after which every call of the process fails.
#include "tests/plugins/corpus.cuh"

__global__ void wild_kernel(int* p) { *p = 1; }
FORWARD {
  right_on(a, stream_of(run));
  wild_kernel<<<1, 1, 0, stream_of(run)>>>(reinterpret_cast<int*>(0x10));
}

CUDA_PLUGIN("c9_breaks_the_context")
