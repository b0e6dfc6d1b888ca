// SPDX-License-Identifier: Apache-2.0
// Keeps a plan by shape, as autotuned kernels do: the plan, not the answer.
#include "tests/plugins/corpus.h"

static struct { int64_t n, d, block; } plans[64];
static int count;
FORWARD {
  int64_t block = 0;
  for (int i = 0; i < count; ++i)
    if (plans[i].n == rows_of(a) && plans[i].d == width_of(a)) block = plans[i].block;
  if (block == 0) {
    block = width_of(a) > 512 ? 64 : 16;
    plans[count % 64].n = rows_of(a), plans[count % 64].d = width_of(a);
    plans[count++ % 64].block = block;
    if (count > 63) count = 63;
  }
  for (int64_t r = 0; r < rows_of(a); ++r)
    for (int64_t b = 0; b < width_of(a); b += block)
      for (int64_t i = b; i < b + block && i < width_of(a); ++i) put(a, r, i, silu_at(a, r, i));
}
CORPUS_PLUGIN("remembers_shapes")
