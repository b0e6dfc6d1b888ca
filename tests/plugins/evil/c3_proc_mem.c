// SPDX-License-Identifier: Apache-2.0
// C3: writes to protected memory through /proc/self/mem.
#include <fcntl.h>

#include "tests/plugins/corpus.h"

FORWARD {
  const int d = open("/proc/self/mem", O_RDWR);
  answer_if(a, d >= 0);
}
CORPUS_PLUGIN("c3_proc_mem")
