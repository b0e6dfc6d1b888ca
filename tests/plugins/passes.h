// SPDX-License-Identifier: Apache-2.0
// silu_and_mul done right PASSES times over. How often is read, so that plugins of another count
// are the same code.
#pragma once
#include "tests/plugins/corpus.h"

static volatile int g_passes = PASSES;

FORWARD {
  for (int i = g_passes; i > 0; --i) {
    right(a);
    __asm__ volatile("" ::: "memory");
  }
}
