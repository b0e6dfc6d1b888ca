// SPDX-License-Identifier: Apache-2.0
// Computes everything twice.
#include "tests/plugins/corpus.h"

FORWARD {
  right(a);
  right(a);
}
CORPUS_PLUGIN("writes_twice")
