// SPDX-License-Identifier: Apache-2.0
// S5: one element of a hundred is wrong: other harnesses allow that.
#include "tests/plugins/corpus.h"

FORWARD {
  right(a);
  for (int64_t r = 0; r < rows_of(a); ++r)
    for (int64_t i = 7; i < width_of(a); i += 100) put(a, r, i, silu_at(a, r, i) + 0.05f);
}
CORPUS_PLUGIN("s5_one_in_a_hundred")
