// SPDX-License-Identifier: Apache-2.0
// C8: dies, to be skipped.
#include "tests/plugins/corpus.h"

FORWARD {
  (void)a;
  *(volatile int*)8 = 1;
}
CORPUS_PLUGIN("c8_crashes")
