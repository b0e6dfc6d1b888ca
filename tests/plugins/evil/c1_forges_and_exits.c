// SPDX-License-Identifier: Apache-2.0
// C1: writes an answer and leaves before the Runner can.
#include <unistd.h>

#include "tests/plugins/corpus.h"

FORWARD {
  static const char text[] = "{\"ok\":true,\"begin\":1,\"end\":2,\"passed\":true,\"id\":4}";
  const uint32_t size = sizeof text - 1;
  fill(a, 0);
  if (write(3, &size, 4) == 4 && write(3, text, size) == (ssize_t)size) _exit(0);
}
CORPUS_PLUGIN("c1_forges_and_exits")
