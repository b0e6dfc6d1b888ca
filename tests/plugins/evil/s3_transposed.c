// SPDX-License-Identifier: Apache-2.0
// S3: rows and halves of the input mixed up.
#include "tests/plugins/corpus.h"

FORWARD {
  for (int64_t r = 0; r < rows_of(a); ++r)
    for (int64_t i = 0; i < width_of(a); ++i) put(a, r, width_of(a) - 1 - i, silu_at(a, r, i));
}
CORPUS_PLUGIN("s3_transposed")
