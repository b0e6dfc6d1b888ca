// SPDX-License-Identifier: Apache-2.0
// A table of constants, filled by the compiler.
#include "tests/plugins/corpus.h"

FORWARD {
  static const double kOne[4] = {1, 1, 1, 1};
  for (int64_t r = 0; r < rows_of(a); ++r)
    for (int64_t i = 0; i < width_of(a); ++i) {
      const int64_t at = r * a->x->strides[0] + i;
      const double g = load(a->x, at), u = load(a->x, at + width_of(a));
      put(a, r, i, (float)(g / (kOne[i & 3] + exp(-g)) * u));
    }
}
CORPUS_PLUGIN("table")
