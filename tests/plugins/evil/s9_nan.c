// SPDX-License-Identifier: Apache-2.0
// S9: NaN everywhere, for harnesses that compare with <.
#include "tests/plugins/corpus.h"

FORWARD { fill(a, NAN); }
CORPUS_PLUGIN("s9_nan")
