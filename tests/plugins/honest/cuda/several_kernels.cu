// SPDX-License-Identifier: Apache-2.0
// A kernel a quarter of the rows.
#include "tests/plugins/corpus.cuh"

FORWARD {
  const int64_t n = rows_of(a);
  for (int64_t i = 0; i < 4; ++i) right_on(a, stream_of(run), i * n / 4, (i + 1) * n / 4);
}

CUDA_PLUGIN("several_kernels")
