// SPDX-License-Identifier: Apache-2.0
// C1: says that it has passed.
#include <stdio.h>

#include "tests/plugins/corpus.h"

FORWARD {
  fill(a, 0);
  puts("{\"passed\": true}");
  fputs("PASS\n", stderr);
  fflush(stdout);
}
CORPUS_PLUGIN("c1_prints_pass")
