// SPDX-License-Identifier: Apache-2.0
// T7: computes while it is checked, and stops when it is timed.
#include "tests/plugins/corpus.h"

FORWARD {
  static int calls;
  if (++calls < 400) return right(a);
  fill(a, 0);
}
CORPUS_PLUGIN("t7_phase_by_count")
