// SPDX-License-Identifier: Apache-2.0
// As plain, and one element in fifty once more: what fk bench must be able to see.
#include "tests/plugins/corpus.h"

FORWARD {
  right(a);
  const int64_t all = rows_of(a) * width_of(a);
  for (int64_t i = 0; i < all / 50; ++i)
    put(a, i / width_of(a), i % width_of(a), silu_at(a, i / width_of(a), i % width_of(a)));
}
CORPUS_PLUGIN("two_percent_slower")
