// SPDX-License-Identifier: Apache-2.0
// T14: begins while what came before the call still runs, and never waits for it: part of its work
// is done in another's time. In a model it reads what is not there yet; so it does when it is
// timed.
#include "tests/plugins/corpus.cuh"

template <class T>
__global__ void hasty_kernel(Where w) {
  right_rows<T>(w, 0, w.rows);
}
FORWARD {
  if (rows_of(a) * width_of(a) == 0) return;
  with_type(a, [&](auto t) { launch_early(stream_of(run), hasty_kernel<decltype(t)>, where(a)); });
}

CUDA_PLUGIN("t14_reads_before_the_wait")
