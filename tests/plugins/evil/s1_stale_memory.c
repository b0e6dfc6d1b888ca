// SPDX-License-Identifier: Apache-2.0
// S1: writes nothing and hopes for what lies there.
#include "tests/plugins/corpus.h"

FORWARD { (void)a; }
CORPUS_PLUGIN("s1_stale_memory")
