// SPDX-License-Identifier: Apache-2.0
// C3: reads the memory of the process that judges it.
#define _GNU_SOURCE
#include <sys/uio.h>
#include <unistd.h>

#include "tests/plugins/corpus.h"

static const char corpus_target = 1;

FORWARD {
  char byte;
  struct iovec here = {&byte, 1}, there = {(void*)&corpus_target, 1};
  answer_if(a, process_vm_readv(getppid(), &here, 1, &there, 1, 0) == 1);
}
CORPUS_PLUGIN("c3_other_memory")
