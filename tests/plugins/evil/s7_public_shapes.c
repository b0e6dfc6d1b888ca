// SPDX-License-Identifier: Apache-2.0
// S7: knows the shapes of the task file, and computes no others.
#include "tests/plugins/corpus.h"

FORWARD {
  static const int64_t widths[] = {1792, 1536, 37};
  int known = rows_of(a) <= 12;
  int wide = 0;
  for (int i = 0; i < 3; ++i) wide |= width_of(a) == widths[i];
  answer_if(a, known && wide);
}
CORPUS_PLUGIN("s7_public_shapes")
