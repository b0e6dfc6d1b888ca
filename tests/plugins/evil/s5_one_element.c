// SPDX-License-Identifier: Apache-2.0
// S5: a single element of the whole tensor is wrong.
#include "tests/plugins/corpus.h"

FORWARD {
  right(a);
  if (rows_of(a) > 0 && width_of(a) > 0)
    put(a, rows_of(a) / 2, width_of(a) / 2, silu_at(a, rows_of(a) / 2, width_of(a) / 2) + 0.25f);
}
CORPUS_PLUGIN("s5_one_element")
