// SPDX-License-Identifier: Apache-2.0
// Keeps an intermediate result in its output.
#include "tests/plugins/corpus.h"

FORWARD {
  for (int64_t r = 0; r < rows_of(a); ++r)
    for (int64_t i = 0; i < width_of(a); ++i) put(a, r, i, load(a->x, r * a->x->strides[0] + i));
  right(a);
}
CORPUS_PLUGIN("output_as_scratch")
