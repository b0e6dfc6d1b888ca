// SPDX-License-Identifier: Apache-2.0
// Clears its output first.
#include "tests/plugins/corpus.h"

FORWARD {
  fill(a, 0);
  right(a);
}
CORPUS_PLUGIN("zero_then_fill")
