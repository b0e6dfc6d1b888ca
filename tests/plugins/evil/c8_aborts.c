// SPDX-License-Identifier: Apache-2.0
// C8: aborts.
#include "tests/plugins/corpus.h"

FORWARD {
  (void)a;
  abort();
}
CORPUS_PLUGIN("c8_aborts")
