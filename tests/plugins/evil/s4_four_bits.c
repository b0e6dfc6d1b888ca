// SPDX-License-Identifier: Apache-2.0
// S4: three bits of mantissa less than the type has.
#include "tests/plugins/corpus.h"

FORWARD {
  const int cut = a->y->dtype.bits == 32 ? 10 : a->y->dtype.code == FK_BFLOAT ? 19 : 16;
  for (int64_t r = 0; r < rows_of(a); ++r)
    for (int64_t i = 0; i < width_of(a); ++i) {
      const uint32_t u = float_to_bits(silu_at(a, r, i)), half = 1u << (cut - 1);
      put(a, r, i, bits_to_float((u + half) >> cut << cut));
    }
}
CORPUS_PLUGIN("s4_four_bits")
