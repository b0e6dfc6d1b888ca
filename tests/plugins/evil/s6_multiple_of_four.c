// SPDX-License-Identifier: Apache-2.0
// S6: widths that are no multiple of four lose their tail.
#include "tests/plugins/corpus.h"

FORWARD {
  fill(a, 0);
  for (int64_t r = 0; r < rows_of(a); ++r)
    for (int64_t i = 0; i < width_of(a) / 4 * 4; ++i) put(a, r, i, silu_at(a, r, i));
}
CORPUS_PLUGIN("s6_multiple_of_four")
