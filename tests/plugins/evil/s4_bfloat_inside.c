// SPDX-License-Identifier: Apache-2.0
// S4: computes in bfloat16 what is asked for in float32.
#include "tests/plugins/corpus.h"

FORWARD {
  for (int64_t r = 0; r < rows_of(a); ++r)
    for (int64_t i = 0; i < width_of(a); ++i) {
      const uint32_t u = float_to_bits(silu_at(a, r, i));
      put(a, r, i, bits_to_float((u + 0x8000) & 0xffff0000));
    }
}
CORPUS_PLUGIN("s4_bfloat_inside")
