// SPDX-License-Identifier: Apache-2.0
// Half a megabyte of stack.
#include "tests/plugins/corpus.h"

FORWARD {
  volatile char room[1 << 19];
  for (int i = 0; i < 1 << 19; i += 4096) room[i] = 1;
  right(a);
}
CORPUS_PLUGIN("large_stack")
