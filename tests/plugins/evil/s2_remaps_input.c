// SPDX-License-Identifier: Apache-2.0
// S2: puts memory of its own in the place of the input.
#include <sys/mman.h>

#include "tests/plugins/corpus.h"

FORWARD {
  void* page = (void*)((uintptr_t)a->x->data & ~(uintptr_t)4095);
  mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  right(a);
}
CORPUS_PLUGIN("s2_remaps_input")
