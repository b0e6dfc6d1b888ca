// SPDX-License-Identifier: Apache-2.0
// C8: exits with 0 when it is opened.
#include <unistd.h>

#include "tests/plugins/corpus.h"

__attribute__((constructor)) static void leave(void) { _exit(0); }
FORWARD { fill(a, 0); }
CORPUS_PLUGIN("c8_exit_at_load")
