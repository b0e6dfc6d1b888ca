// SPDX-License-Identifier: Apache-2.0
// T6: the same pointers and shape are the same question.
#include "tests/plugins/corpus.h"

static struct {
  const void *x, *y;
  int64_t n, d;
} seen[4096];
static int count;
FORWARD {
  for (int i = 0; i < count; ++i)
    if (seen[i].x == a->x->data && seen[i].y == a->y->data && seen[i].n == rows_of(a) &&
        seen[i].d == width_of(a))
      return;
  right(a);
  if (count < 4096) {
    seen[count].x = a->x->data, seen[count].y = a->y->data;
    seen[count].n = rows_of(a), seen[count++].d = width_of(a);
  }
}
CORPUS_PLUGIN("t6_memo_by_pointer")
