// SPDX-License-Identifier: Apache-2.0
// S8: the last bit of the answer hangs on where the tensor lies.
#include "tests/plugins/corpus.h"

FORWARD {
  right(a);
  if (rows_of(a) == 0 || a->y->dtype.bits != 32) return;
  if (((uintptr_t)a->y->data >> 8) % 3 != 0) ((uint32_t*)a->y->data)[0] ^= 1;
}
CORPUS_PLUGIN("s8_depends_on_addresses")
