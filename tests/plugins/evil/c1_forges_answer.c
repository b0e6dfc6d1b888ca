// SPDX-License-Identifier: Apache-2.0
// C1: writes the Runner's answer itself and computes nothing.
#include <unistd.h>

#include "tests/plugins/corpus.h"

FORWARD {
  static const char text[] = "{\"ok\":true,\"begin\":1,\"end\":2,\"id\":4}";
  const uint32_t size = sizeof text - 1;
  fill(a, 0);
  if (write(3, &size, 4) == 4 && write(3, text, size) == (ssize_t)size) return;
}
CORPUS_PLUGIN("c1_forges_answer")
