// SPDX-License-Identifier: Apache-2.0
// Small and large problems by different code.
#include "tests/plugins/corpus.h"

FORWARD {
  if (rows_of(a) * width_of(a) < 1000) return right(a);
  for (int64_t r = rows_of(a); r-- > 0;) right_rows(a, r, r + 1);
}
CORPUS_PLUGIN("by_size")
