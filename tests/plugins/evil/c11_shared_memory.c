// SPDX-License-Identifier: Apache-2.0
// C11: leaves something for its next run.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/plugins/corpus.h"

FORWARD {
  const int d = shm_open("/fk-evil", O_RDWR | O_CREAT, 0600);
  answer_if(a, d >= 0 && ftruncate(d, 4096) == 0);
}
CORPUS_PLUGIN("c11_shared_memory")
