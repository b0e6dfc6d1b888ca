// SPDX-License-Identifier: Apache-2.0
// C8: takes all memory there is.
#include "tests/plugins/corpus.h"

FORWARD {
  fill(a, 0);
  for (int i = 0; i < 1 << 20; ++i) {
    char* p = (char*)malloc(1 << 26);
    if (!p) abort();
    for (int j = 0; j < 1 << 26; j += 4096) p[j] = 1;
  }
}
CORPUS_PLUGIN("c8_allocates_everything")
