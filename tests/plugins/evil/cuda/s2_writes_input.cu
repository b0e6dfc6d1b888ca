// SPDX-License-Identifier: Apache-2.0
// S2: zeroes its input, so that a reference that reads it would be as wrong.
#include "tests/plugins/corpus.cuh"

FORWARD {
  right_on(a, stream_of(run));
  if (rows_of(a) == 0) return;
  cudaMemsetAsync(a->x->data, 0, size_t(width_of(a)) * a->x->dtype.bits / 8, stream_of(run));
}

CUDA_PLUGIN("s2_writes_input")
