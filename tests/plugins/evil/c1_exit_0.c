// SPDX-License-Identifier: Apache-2.0
// C1, C8: exits with 0: nothing failed.
#include <unistd.h>

#include "tests/plugins/corpus.h"

FORWARD {
  (void)a;
  _exit(0);
}
CORPUS_PLUGIN("c1_exit_0")
