// SPDX-License-Identifier: Apache-2.0
// S8: takes the last element from behind its tensor, where another may lie.
#include "tests/plugins/corpus.cuh"

template <class T>
__global__ void neighbour_kernel(Where w) {
  const T* x = static_cast<const T*>(w.x) + w.rows * w.x_step;
  static_cast<T*>(w.y)[(w.rows - 1) * w.y_step + w.width - 1] = from_float<T>(to_float(x[0]));
}
FORWARD {
  right_on(a, stream_of(run));
  if (rows_of(a) == 0) return;
  with_type(a,
            [&](auto t) { neighbour_kernel<decltype(t)><<<1, 1, 0, stream_of(run)>>>(where(a)); });
}

CUDA_PLUGIN("s8_reads_its_neighbour")
