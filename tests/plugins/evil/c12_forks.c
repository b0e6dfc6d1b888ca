// SPDX-License-Identifier: Apache-2.0
// C12: forks.
#include <unistd.h>

#include "tests/plugins/corpus.h"

FORWARD {
  const pid_t p = fork();
  if (p == 0) {
    for (;;) pause();
  }
  answer_if(a, p > 0);
}
CORPUS_PLUGIN("c12_forks")
