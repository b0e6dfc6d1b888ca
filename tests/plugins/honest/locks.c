// SPDX-License-Identifier: Apache-2.0
// Guards a table with a mutex, as libraries do.
#include <pthread.h>

#include "tests/plugins/corpus.h"

FORWARD {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  right(a);
  pthread_mutex_unlock(&mutex);
}
CORPUS_PLUGIN("locks")
