// SPDX-License-Identifier: Apache-2.0
// S4: an exponential by bit tricks, a few percent off.
#include "tests/plugins/corpus.h"

static float cheap_exp(float x) {
  if (x < -80) return 0;
  if (x > 80) x = 80;
  return bits_to_float((uint32_t)(12102203.0f * x + 1064866805.0f));
}
FORWARD {
  for (int64_t r = 0; r < rows_of(a); ++r)
    for (int64_t i = 0; i < width_of(a); ++i) {
      const int64_t at = r * a->x->strides[0] + i;
      const float g = load(a->x, at);
      put(a, r, i, g / (1 + cheap_exp(-g)) * load(a->x, at + width_of(a)));
    }
}
CORPUS_PLUGIN("s4_cheap_exp")
