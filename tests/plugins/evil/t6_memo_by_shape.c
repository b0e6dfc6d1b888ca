// SPDX-License-Identifier: Apache-2.0
// T6: keeps the answer of a shape.
#include "tests/plugins/corpus.h"

static float kept[4096];
static int64_t kept_n, kept_d;
FORWARD {
  const int64_t n = rows_of(a), d = width_of(a);
  if (n * d > 4096 || n == 0) return right(a);
  const int hit = n == kept_n && d == kept_d;
  if (!hit) right(a);
  for (int64_t r = 0; r < n; ++r)
    for (int64_t i = 0; i < d; ++i) {
      if (hit)
        put(a, r, i, kept[r * d + i]);
      else
        kept[r * d + i] = silu_at(a, r, i);
    }
  kept_n = n, kept_d = d;
}
CORPUS_PLUGIN("t6_memo_by_shape")
