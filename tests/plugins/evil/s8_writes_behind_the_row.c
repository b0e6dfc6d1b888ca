// SPDX-License-Identifier: Apache-2.0
// S8: writes whole vectors, past the end of the row.
#include "tests/plugins/corpus.h"

FORWARD {
  right(a);
  if (rows_of(a) > 0) put(a, rows_of(a) - 1, width_of(a), 0);
}
CORPUS_PLUGIN("s8_writes_behind_the_row")
