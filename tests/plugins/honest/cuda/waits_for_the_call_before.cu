// SPDX-License-Identifier: Apache-2.0
// Its only kernel begins while what came before the call may still run, and waits for it before it
// reads: in a model that computes the inputs.
#include "tests/plugins/corpus.cuh"

template <class T>
__global__ void waiting_kernel(Where w) {
  cudaGridDependencySynchronize();
  right_rows<T>(w, 0, w.rows);
}
FORWARD {
  if (rows_of(a) * width_of(a) == 0) return;
  with_type(a,
            [&](auto t) { launch_early(stream_of(run), waiting_kernel<decltype(t)>, where(a)); });
}

CUDA_PLUGIN("waits_for_the_call_before")
