// SPDX-License-Identifier: Apache-2.0
// C8: never returns from being opened.
#include "tests/plugins/corpus.h"

__attribute__((constructor)) static void stay(void) {
  for (volatile unsigned i = 0;; ++i) {}
}
FORWARD { fill(a, 0); }
CORPUS_PLUGIN("c8_hangs_at_load")
