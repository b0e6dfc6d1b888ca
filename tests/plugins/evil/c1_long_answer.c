// SPDX-License-Identifier: Apache-2.0
// C1: an answer of four gigabytes.
#include <unistd.h>

#include "tests/plugins/corpus.h"

FORWARD {
  const uint32_t size = 0xffffffff;
  fill(a, 0);
  if (write(3, &size, 4) != 4) return;
}
CORPUS_PLUGIN("c1_long_answer")
