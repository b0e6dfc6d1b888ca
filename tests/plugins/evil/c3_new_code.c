// SPDX-License-Identifier: Apache-2.0
// C3, C12: maps code of its own.
#include <sys/mman.h>

#include "tests/plugins/corpus.h"

FORWARD {
  answer_if(a, mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_ANONYMOUS | MAP_PRIVATE, -1,
                    0) != MAP_FAILED);
}
CORPUS_PLUGIN("c3_new_code")
