// SPDX-License-Identifier: Apache-2.0
// S3: the first half of the input for an answer.
#include "tests/plugins/corpus.h"

FORWARD {
  for (int64_t r = 0; r < rows_of(a); ++r)
    for (int64_t i = 0; i < width_of(a); ++i) put(a, r, i, load(a->x, r * a->x->strides[0] + i));
}
CORPUS_PLUGIN("s3_input_copy")
