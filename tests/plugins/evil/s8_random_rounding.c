// SPDX-License-Identifier: Apache-2.0
// S8: rounds as a counter has it, not as the numbers do.
#include "tests/plugins/corpus.h"

FORWARD {
  static uint32_t count;
  right(a);
  if (rows_of(a) > 0 && a->y->dtype.bits == 32) ((uint32_t*)a->y->data)[0] ^= ++count & 1;
}
CORPUS_PLUGIN("s8_random_rounding")
