// SPDX-License-Identifier: Apache-2.0
// S3: one value everywhere.
#include "tests/plugins/corpus.h"

FORWARD {
  if (rows_of(a) > 0) fill(a, silu_at(a, 0, 0));
}
CORPUS_PLUGIN("s3_constant")
