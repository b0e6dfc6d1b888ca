// SPDX-License-Identifier: Apache-2.0
// S5: the last 16 elements of the last row are never computed.
#include "tests/plugins/corpus.h"

FORWARD {
  right(a);
  const int64_t n = width_of(a) < 16 ? width_of(a) : 16;
  for (int64_t i = 0; rows_of(a) > 0 && i < n; ++i) put(a, rows_of(a) - 1, width_of(a) - 1 - i, 0);
}
CORPUS_PLUGIN("s5_last_tile_missing")
