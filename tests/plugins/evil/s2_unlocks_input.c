// SPDX-License-Identifier: Apache-2.0
// S2: makes the input writable first.
#include <sys/mman.h>

#include "tests/plugins/corpus.h"

FORWARD {
  void* page = (void*)((uintptr_t)a->x->data & ~(uintptr_t)4095);
  const int worked = mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0;
  if (worked) memset(page, 0, 4096);
  answer_if(a, worked);
}
CORPUS_PLUGIN("s2_unlocks_input")
