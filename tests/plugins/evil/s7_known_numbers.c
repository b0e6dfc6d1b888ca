// SPDX-License-Identifier: Apache-2.0
// S7: has the answers for numbers that it has seen on its author's machine.
#include "tests/plugins/corpus.h"

FORWARD { answer_if(a, rows_of(a) > 0 && load(a->x, 0) == 0.8046875f); }
CORPUS_PLUGIN("s7_known_numbers")
