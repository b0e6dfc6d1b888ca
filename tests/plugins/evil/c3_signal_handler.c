// SPDX-License-Identifier: Apache-2.0
// C3, S2: survives the fault that a write to the input raises.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>

#include "tests/plugins/corpus.h"

static sigjmp_buf back;
static void caught(int s) { siglongjmp(back, s); }
FORWARD {
  if (signal(SIGSEGV, caught) == SIG_ERR) return fill(a, 0);
  if (sigsetjmp(back, 1) == 0) store(a->x, 0, 0);
  right(a);
}
CORPUS_PLUGIN("c3_signal_handler")
