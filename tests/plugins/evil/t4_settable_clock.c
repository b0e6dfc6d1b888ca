// SPDX-License-Identifier: Apache-2.0
// T4: sets the clock back.
#define _GNU_SOURCE
#include <time.h>

#include "tests/plugins/corpus.h"

FORWARD {
  struct timespec t = {1, 0};
  answer_if(a, clock_settime(CLOCK_REALTIME, &t) == 0);
}
CORPUS_PLUGIN("t4_settable_clock")
