// SPDX-License-Identifier: Apache-2.0
// C7: kills the process that judges it.
#define _GNU_SOURCE
#include <signal.h>
#include <unistd.h>

#include "tests/plugins/corpus.h"

FORWARD { answer_if(a, kill(getppid(), SIGTERM) == 0 || kill(1, SIGTERM) == 0); }
CORPUS_PLUGIN("c7_kills_parent")
