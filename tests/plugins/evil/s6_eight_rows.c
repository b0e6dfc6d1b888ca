// SPDX-License-Identifier: Apache-2.0
// S6: more than eight rows are left out.
#include "tests/plugins/corpus.h"

FORWARD {
  fill(a, 0);
  right_rows(a, 0, rows_of(a) < 8 ? rows_of(a) : 8);
}
CORPUS_PLUGIN("s6_eight_rows")
