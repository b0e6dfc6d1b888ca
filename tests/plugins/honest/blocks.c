// SPDX-License-Identifier: Apache-2.0
// In blocks of 64, the tail by itself.
#include "tests/plugins/corpus.h"

FORWARD {
  for (int64_t r = 0; r < rows_of(a); ++r)
    for (int64_t b = 0; b < width_of(a); b += 64)
      for (int64_t i = b; i < b + 64 && i < width_of(a); ++i) put(a, r, i, silu_at(a, r, i));
}
CORPUS_PLUGIN("blocks")
