// SPDX-License-Identifier: Apache-2.0
// A table that a constructor fills: odd, flagged, and no crime.
#include "tests/plugins/corpus.h"

static double one[4];
__attribute__((constructor)) static void make(void) {
  for (int i = 0; i < 4; ++i) one[i] = 1;
}
FORWARD {
  for (int64_t r = 0; r < rows_of(a); ++r)
    for (int64_t i = 0; i < width_of(a); ++i) {
      const int64_t at = r * a->x->strides[0] + i;
      const double g = load(a->x, at), u = load(a->x, at + width_of(a));
      put(a, r, i, (float)(g / (one[i & 3] + exp(-g)) * u));
    }
}
CORPUS_PLUGIN("table_at_load")
