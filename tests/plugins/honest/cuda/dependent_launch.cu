// SPDX-License-Identifier: Apache-2.0
// The second kernel is launched while the first one ends, and waits for it on the card.
#include "tests/plugins/corpus.cuh"

template <class T>
__global__ void second_kernel(Where w, int64_t begin) {
  cudaGridDependencySynchronize();
  right_rows<T>(w, begin, w.rows);
}
FORWARD {
  const int64_t half = rows_of(a) / 2;
  if (rows_of(a) * width_of(a) == 0) return;
  right_on(a, stream_of(run), 0, half);
  with_type(
      a, [&](auto t) { launch_early(stream_of(run), second_kernel<decltype(t)>, where(a), half); });
}

CUDA_PLUGIN("dependent_launch")
