// SPDX-License-Identifier: Apache-2.0
// T2: lets a thread finish the work.
#include <pthread.h>

#include "tests/plugins/corpus.h"

static void* work(void* p) {
  right((const args_t*)p);
  return NULL;
}
FORWARD {
  pthread_t t;
  if (pthread_create(&t, NULL, work, (void*)a) != 0) return fill(a, 0);
  pthread_join(t, NULL);
}
CORPUS_PLUGIN("t2_thread")
