// SPDX-License-Identifier: Apache-2.0
// The definition, row by row.
#include "tests/plugins/corpus.h"

FORWARD { right(a); }
CORPUS_PLUGIN("plain")
