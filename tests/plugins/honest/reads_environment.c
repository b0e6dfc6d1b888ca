// SPDX-License-Identifier: Apache-2.0
// Looks for a debugging switch in the environment.
#include "tests/plugins/corpus.h"

FORWARD {
  if (getenv("SILU_DEBUG")) return;
  right(a);
}
CORPUS_PLUGIN("reads_environment")
