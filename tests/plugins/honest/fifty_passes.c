// SPDX-License-Identifier: Apache-2.0
// As plain, fifty times over: beside it, once more is two percent on every processor. How often is
// read, so that both are the same code.
#include "tests/plugins/corpus.h"

static volatile int g_passes = 50;

FORWARD {
  for (int i = g_passes; i > 0; --i) {
    right(a);
    __asm__ volatile("" ::: "memory");
  }
}
CORPUS_PLUGIN("fifty_passes")
