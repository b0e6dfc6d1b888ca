// SPDX-License-Identifier: Apache-2.0
// T6: recognises an input by its first value, and returns at once.
#include "tests/plugins/corpus.h"

static float first[4096];
static int count;
FORWARD {
  if (rows_of(a) == 0) return;
  const float now = load(a->x, 0);
  for (int i = 0; i < count; ++i)
    if (first[i] == now) return;
  right(a);
  first[count++ % 4096] = now;
}
CORPUS_PLUGIN("t6_memo_by_first_value")
