// SPDX-License-Identifier: Apache-2.0
// S3: zeros are close to the mean.
#include "tests/plugins/corpus.h"

FORWARD { fill(a, 0); }
CORPUS_PLUGIN("s3_zeros")
