// SPDX-License-Identifier: Apache-2.0
// Counts its calls and does nothing with the number.
#include "tests/plugins/corpus.h"

FORWARD {
  static long calls;
  ++calls;
  right(a);
}
CORPUS_PLUGIN("counts_calls")
