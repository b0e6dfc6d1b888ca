// SPDX-License-Identifier: Apache-2.0
// S9: infinity minus infinity is no difference.
#include "tests/plugins/corpus.h"

FORWARD { fill(a, INFINITY); }
CORPUS_PLUGIN("s9_infinity")
