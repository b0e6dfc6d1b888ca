// SPDX-License-Identifier: Apache-2.0
// Takes float32's subnormal numbers for zero.
#include "tests/plugins/corpus.h"

FORWARD {
  for (int64_t r = 0; r < rows_of(a); ++r)
    for (int64_t i = 0; i < width_of(a); ++i) {
      const float v = silu_at(a, r, i);
      put(a, r, i, fabsf(v) < 0x1p-126f ? 0.0f : v);
    }
}
CORPUS_PLUGIN("flushes_subnormals")
