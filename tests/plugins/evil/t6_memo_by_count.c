// SPDX-License-Identifier: Apache-2.0
// T6: every second call is a repetition.
#include "tests/plugins/corpus.h"

FORWARD {
  static int calls;
  if (calls++ % 2 == 0) right(a);
}
CORPUS_PLUGIN("t6_memo_by_count")
