// SPDX-License-Identifier: Apache-2.0
// Rows and elements from the end: order is nobody's business.
#include "tests/plugins/corpus.h"

FORWARD {
  for (int64_t r = rows_of(a); r-- > 0;)
    for (int64_t i = width_of(a); i-- > 0;) put(a, r, i, silu_at(a, r, i));
}
CORPUS_PLUGIN("backwards")
