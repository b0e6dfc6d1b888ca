// SPDX-License-Identifier: Apache-2.0
// T5: learns the ring of slots, computes all of them in one call of a round, and returns at once
// from the others. What is timed is the round, so that it gains nothing.
#include "tests/plugins/corpus.h"

enum { kMost = 4096 };
static struct Known {
  fk_tensor x, y;
  int64_t xs[2], xst[2], ys[2], yst[2];
} known[kMost];
static int count, position;

static void keep(fk_tensor* to, int64_t* shape, int64_t* strides, const fk_tensor* from) {
  *to = *from;
  memcpy(shape, from->shape, 16);
  memcpy(strides, from->strides, 16);
  to->shape = shape, to->strides = strides;
}

FORWARD {
  int at = -1;
  for (int i = 0; i < count && at < 0; ++i)
    if (known[i].y.data == a->y->data) at = i;
  if (count > 0 &&
      (known[0].ys[0] != rows_of(a) || known[0].ys[1] != width_of(a) ||
       known[0].y.dtype.bits != a->y->dtype.bits || known[0].y.dtype.code != a->y->dtype.code ||
       known[0].xst[0] != a->x->strides[0]))
    count = 0, position = 0, at = -1;
  if (at < 0) {
    right(a);
    if (count == kMost) return;
    struct Known* k = &known[count++];
    keep(&k->x, k->xs, k->xst, a->x);
    keep(&k->y, k->ys, k->yst, a->y);
    return;
  }
  if (position == 0)
    for (int i = 0; i < count; ++i) {
      const args_t each = {sizeof(args_t), &known[i].x, &known[i].y};
      right(&each);
    }
  position = (position + 1) % count;
}
CORPUS_PLUGIN("t5_batch_and_skip")
