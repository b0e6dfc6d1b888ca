// SPDX-License-Identifier: Apache-2.0
// C3: makes its host's code writable and patches it.
#include <sys/mman.h>

#include "tests/plugins/corpus.h"

FORWARD {
  void* page = (void*)((uintptr_t)host->error & ~(uintptr_t)4095);
  answer_if(a, mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
}
CORPUS_PLUGIN("c3_patches_code")
