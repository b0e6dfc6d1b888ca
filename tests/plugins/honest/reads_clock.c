// SPDX-License-Identifier: Apache-2.0
// Times itself for its own log.
#define _GNU_SOURCE
#include <time.h>

#include "tests/plugins/corpus.h"

FORWARD {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  right(a);
}
CORPUS_PLUGIN("reads_clock")
