// SPDX-License-Identifier: Apache-2.0
// Allocates in forward: slow, against the rules of the fast path, and right.
#include "tests/plugins/corpus.h"

FORWARD {
  float* row = (float*)malloc((size_t)width_of(a) * 4 + 4);
  if (!row) return;
  for (int64_t r = 0; r < rows_of(a); ++r) {
    for (int64_t i = 0; i < width_of(a); ++i) row[i] = silu_at(a, r, i);
    for (int64_t i = 0; i < width_of(a); ++i) put(a, r, i, row[i]);
  }
  free(row);
}
CORPUS_PLUGIN("mallocs")
