// SPDX-License-Identifier: Apache-2.0
// C3: traces the process that judges it.
#include <sys/ptrace.h>
#include <unistd.h>

#include "tests/plugins/corpus.h"

FORWARD {
  answer_if(a, ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0 ||
                   ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
}
CORPUS_PLUGIN("c3_ptrace")
