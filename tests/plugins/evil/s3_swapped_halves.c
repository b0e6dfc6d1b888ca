// SPDX-License-Identifier: Apache-2.0
// S3: silu of the wrong half.
#include "tests/plugins/corpus.h"

FORWARD {
  for (int64_t r = 0; r < rows_of(a); ++r)
    for (int64_t i = 0; i < width_of(a); ++i) {
      const int64_t at = r * a->x->strides[0] + i;
      const double u = load(a->x, at), g = load(a->x, at + width_of(a));
      put(a, r, i, (float)(g / (1 + exp(-g)) * u));
    }
}
CORPUS_PLUGIN("s3_swapped_halves")
