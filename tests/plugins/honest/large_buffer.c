// SPDX-License-Identifier: Apache-2.0
// A megabyte that is mapped and given back in every call.
#include "tests/plugins/corpus.h"

FORWARD {
  char* p = (char*)malloc(1 << 20);
  if (p) memset(p, 1, 1 << 20);
  right(a);
  free(p);
}
CORPUS_PLUGIN("large_buffer")
