// SPDX-License-Identifier: Apache-2.0
// silu by tanh: another formula for the same function.
#include "tests/plugins/corpus.h"

FORWARD {
  for (int64_t r = 0; r < rows_of(a); ++r)
    for (int64_t i = 0; i < width_of(a); ++i) {
      const int64_t at = r * a->x->strides[0] + i;
      const double g = load(a->x, at), u = load(a->x, at + width_of(a));
      put(a, r, i, (float)(g * (0.5 + 0.5 * tanh(0.5 * g)) * u));
    }
}
CORPUS_PLUGIN("tanh_form")
