// SPDX-License-Identifier: Apache-2.0
// C2: looks for the goldens in its own memory.
#include <stdio.h>

#include "tests/plugins/corpus.h"

FORWARD {
  FILE* f = fopen("/proc/self/maps", "r");
  answer_if(a, f != NULL);
}
CORPUS_PLUGIN("c2_reads_maps")
