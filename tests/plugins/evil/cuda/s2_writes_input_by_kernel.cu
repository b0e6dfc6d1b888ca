// SPDX-License-Identifier: Apache-2.0
// S2: a kernel writes one element of its input. Its mapping cannot be written: the kernel faults.
#include "tests/plugins/corpus.cuh"

__global__ void spoil_kernel(unsigned short* x) { *x = 0; }
FORWARD {
  right_on(a, stream_of(run));
  if (rows_of(a) == 0) return;
  spoil_kernel<<<1, 1, 0, stream_of(run)>>>(static_cast<unsigned short*>(a->x->data));
}

CUDA_PLUGIN("s2_writes_input_by_kernel")
