// SPDX-License-Identifier: Apache-2.0
// S6: takes every tensor for contiguous.
#include "tests/plugins/corpus.h"

FORWARD {
  const int64_t d = width_of(a);
  for (int64_t r = 0; r < rows_of(a); ++r)
    for (int64_t i = 0; i < d; ++i) {
      const double g = load(a->x, r * 2 * d + i), u = load(a->x, r * 2 * d + d + i);
      store(a->y, r * d + i, (float)(g / (1 + exp(-g)) * u));
    }
}
CORPUS_PLUGIN("s6_ignores_strides")
