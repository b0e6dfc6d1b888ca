// SPDX-License-Identifier: Apache-2.0
// S8: takes what lies behind the row for part of it.
#include "tests/plugins/corpus.h"

FORWARD {
  right(a);
  for (int64_t r = 0; r < rows_of(a); ++r) {
    const int64_t last = width_of(a) - 1;
    const float behind = load(a->x, r * a->x->strides[0] + 2 * width_of(a));
    put(a, r, last, silu_at(a, r, last) + 1e-3f * behind);
  }
}
CORPUS_PLUGIN("s8_reads_past_the_row")
