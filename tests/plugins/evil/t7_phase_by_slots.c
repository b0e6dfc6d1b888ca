// SPDX-License-Identifier: Apache-2.0
// T7: many addresses mean that it is timed.
#include "tests/plugins/corpus.h"

static const void* seen[8];
static int count;
FORWARD {
  int known = 0;
  for (int i = 0; i < count; ++i) known |= seen[i] == a->y->data;
  if (!known && count < 8) seen[count++] = a->y->data;
  if (count < 8) return right(a);
  right_rows(a, 0, rows_of(a) / 2);
}
CORPUS_PLUGIN("t7_phase_by_slots")
