// SPDX-License-Identifier: Apache-2.0
// Looks for a file of tuned parameters and goes on without it.
#include <stdio.h>

#include "tests/plugins/corpus.h"

FORWARD {
  FILE* f = fopen("/nonexistent/tuned.json", "r");
  if (f) fclose(f);
  right(a);
}
CORPUS_PLUGIN("asks_for_a_file")
