// SPDX-License-Identifier: Apache-2.0
// C8: recurses without end.
#include "tests/plugins/corpus.h"

static int depth(volatile int* p) {
  volatile int here[512];
  here[0] = p ? *p : 0;
  return depth(here) + here[0];
}
FORWARD { fill(a, (float)depth(NULL)); }
CORPUS_PLUGIN("c8_overflows_stack")
