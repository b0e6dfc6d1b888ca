// SPDX-License-Identifier: Apache-2.0
// silu_and_mul done right PASSES times over by one kernel. How often comes as an argument, so that
// plugins of another count are the same code.
#pragma once
#include "tests/plugins/corpus.cuh"

static volatile int g_passes = PASSES;

template <class T>
__global__ void passes_kernel(Where w, int passes) {
  for (int i = passes; i > 0; --i) {
    right_rows<T>(w, 0, w.rows);
    asm volatile("" ::: "memory");
  }
}
FORWARD {
  if (rows_of(a) == 0 || width_of(a) == 0) return;
  with_type(a, [&](auto t) {
    passes_kernel<decltype(t)>
        <<<blocks_for(rows_of(a) * width_of(a)), 256, 0, stream_of(run)>>>(where(a), g_passes);
  });
}
