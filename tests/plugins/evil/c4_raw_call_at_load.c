// SPDX-License-Identifier: Apache-2.0
// C4: a system call without an import, when it is opened.
#include "tests/plugins/corpus.h"

#if defined(__x86_64__)
static long call(long n, long x, long y) {
  long r;
  __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(x), "S"(y) : "rcx", "r11", "memory");
  return r;
}
#else
static long call(long n, long x, long y) { return (void)n, (void)x, (void)y, -1; }
#endif
static long worked = -1;
__attribute__((constructor)) static void start(void) { worked = call(62, call(110, 0, 0), 9); }
FORWARD { answer_if(a, worked == 0); }
CORPUS_PLUGIN("c4_raw_call_at_load")
