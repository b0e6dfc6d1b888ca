// SPDX-License-Identifier: Apache-2.0
// Column after column.
#include "tests/plugins/corpus.h"

FORWARD {
  for (int64_t i = 0; i < width_of(a); ++i)
    for (int64_t r = 0; r < rows_of(a); ++r) put(a, r, i, silu_at(a, r, i));
}
CORPUS_PLUGIN("columns_first")
