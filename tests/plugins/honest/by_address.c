// SPDX-License-Identifier: Apache-2.0
// Takes another way when a tensor is not aligned; the answer is the same.
#include "tests/plugins/corpus.h"

FORWARD {
  const int aligned = ((uintptr_t)a->x->data & 63) == 0;
  if (aligned) return right(a);
  for (int64_t r = rows_of(a); r-- > 0;) right_rows(a, r, r + 1);
}
CORPUS_PLUGIN("by_address")
