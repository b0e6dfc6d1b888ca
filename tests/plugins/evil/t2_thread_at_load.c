// SPDX-License-Identifier: Apache-2.0
// T2, C4: a thread that is started when the library is opened.
#include <pthread.h>

#include "tests/plugins/corpus.h"

static volatile const args_t* job;
static volatile int started;
static void* work(void* p) {
  started = 1;
  while (1)
    if (job) right((const args_t*)job), job = NULL;
  return p;
}
__attribute__((constructor)) static void start(void) {
  pthread_t t;
  pthread_create(&t, NULL, work, NULL);
}
FORWARD {
  job = a;
  for (long i = 0; job && i < 100000000 && started; ++i) __asm__ volatile("");
}
CORPUS_PLUGIN("t2_thread_at_load")
