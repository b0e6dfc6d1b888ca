// SPDX-License-Identifier: Apache-2.0
// Says something on stderr, like a library that was built for debugging.
#include <stdio.h>

#include "tests/plugins/corpus.h"

FORWARD {
  fprintf(stderr, "silu_and_mul of %d rows\n", (int)rows_of(a));
  right(a);
}
CORPUS_PLUGIN("prints")
