// SPDX-License-Identifier: Apache-2.0
// S8: writes before the first element.
#include "tests/plugins/corpus.h"

FORWARD {
  right(a);
  if (rows_of(a) > 0) store(a->y, -1, 1);
}
CORPUS_PLUGIN("s8_writes_before_the_tensor")
