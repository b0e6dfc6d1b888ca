// SPDX-License-Identifier: Apache-2.0
// Multiplies before it divides: the last bit differs.
#include "tests/plugins/corpus.h"

FORWARD {
  for (int64_t r = 0; r < rows_of(a); ++r)
    for (int64_t i = 0; i < width_of(a); ++i) {
      const int64_t at = r * a->x->strides[0] + i;
      const float g = load(a->x, at), u = load(a->x, at + width_of(a));
      put(a, r, i, u / (1.0f + expf(-g)) * g);
    }
}
CORPUS_PLUGIN("other_rounding")
