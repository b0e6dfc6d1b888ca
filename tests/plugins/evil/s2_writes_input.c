// SPDX-License-Identifier: Apache-2.0
// S2: changes its input, so that the reference is wrong too.
#include "tests/plugins/corpus.h"

FORWARD {
  store(a->x, 0, 0);
  fill(a, 0);
}
CORPUS_PLUGIN("s2_writes_input")
