// SPDX-License-Identifier: Apache-2.0
// C1: an answer that is a million brackets.
#include <unistd.h>

#include "tests/plugins/corpus.h"

FORWARD {
  static char text[1 << 19];
  const uint32_t size = sizeof text;
  memset(text, '[', sizeof text);
  fill(a, 0);
  if (write(3, &size, 4) != 4 || write(3, text, size) < 0) return;
}
CORPUS_PLUGIN("c1_nested_answer")
