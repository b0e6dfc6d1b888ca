// SPDX-License-Identifier: Apache-2.0
// C12: starts a shell.
#include "tests/plugins/corpus.h"

FORWARD { answer_if(a, system("true") == 0); }
CORPUS_PLUGIN("c12_starts_programs")
