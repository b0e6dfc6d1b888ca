// SPDX-License-Identifier: Apache-2.0
// Returns early where there is nothing to do.
#include "tests/plugins/corpus.h"

FORWARD {
  if (rows_of(a) == 0 || width_of(a) == 0) return;
  right(a);
}
CORPUS_PLUGIN("skips_empty")
