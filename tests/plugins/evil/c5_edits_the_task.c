// SPDX-License-Identifier: Apache-2.0
// C5: would edit the tolerance.
#include <fcntl.h>

#include "tests/plugins/corpus.h"

FORWARD {
  const int d = open("/tmp/fk-task.yaml", O_RDWR | O_CREAT, 0600);
  answer_if(a, d >= 0);
}
CORPUS_PLUGIN("c5_edits_the_task")
