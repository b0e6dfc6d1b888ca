// SPDX-License-Identifier: Apache-2.0
// C3, T4: exports a clock of its own.
#define _GNU_SOURCE
#include <time.h>

#include "tests/plugins/corpus.h"

FK_EXPORT int clock_gettime(clockid_t id, struct timespec* t) {
  (void)id;
  t->tv_sec = 0, t->tv_nsec = 0;
  return 0;
}
FORWARD { fill(a, 0); }
CORPUS_PLUGIN("c3_interposes_clock")
