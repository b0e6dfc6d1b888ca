// SPDX-License-Identifier: Apache-2.0
// C8: never returns.
#include "tests/plugins/corpus.h"

FORWARD {
  (void)a;
  for (volatile unsigned i = 0;; ++i) {}
}
CORPUS_PLUGIN("c8_hangs")
