// SPDX-License-Identifier: Apache-2.0
// Needs a hundredth of a second for nothing.
#include "tests/plugins/corpus.h"

FORWARD {
  for (volatile int i = 0; i < 3000000; ++i) {}
  right(a);
}
CORPUS_PLUGIN("slow")
