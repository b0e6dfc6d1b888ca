// SPDX-License-Identifier: Apache-2.0
// Halves the rows until one is left.
#include "tests/plugins/corpus.h"

static void half(const args_t* a, int64_t begin, int64_t end) {
  if (end - begin <= 1) return right_rows(a, begin, end);
  half(a, begin, (begin + end) / 2);
  half(a, (begin + end) / 2, end);
}
FORWARD { half(a, 0, rows_of(a)); }
CORPUS_PLUGIN("recursive")
