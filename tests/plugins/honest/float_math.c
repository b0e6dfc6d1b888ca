// SPDX-License-Identifier: Apache-2.0
// Everything in float32, as production kernels have it.
#include "tests/plugins/corpus.h"

FORWARD {
  for (int64_t r = 0; r < rows_of(a); ++r)
    for (int64_t i = 0; i < width_of(a); ++i) {
      const int64_t at = r * a->x->strides[0] + i;
      const float g = load(a->x, at), u = load(a->x, at + width_of(a));
      put(a, r, i, g / (1.0f + expf(-g)) * u);
    }
}
CORPUS_PLUGIN("float_math")
