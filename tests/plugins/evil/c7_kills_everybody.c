// SPDX-License-Identifier: Apache-2.0
// C7: kills everything that it may.
#define _GNU_SOURCE
#include <signal.h>

#include "tests/plugins/corpus.h"

FORWARD { answer_if(a, kill(-1, SIGKILL) == 0); }
CORPUS_PLUGIN("c7_kills_everybody")
