// SPDX-License-Identifier: Apache-2.0
// T2: leaves a region of the host's threads by a jump, so that a worker of the host goes on behind
// its back: here to slow down whoever is measured next. Needs no import.
#include "tests/plugins/corpus.h"

static void* back[5];
static char room[1 << 23];

static void part(void* ctx, int64_t begin, int64_t end, int32_t thread) {
  (void)ctx, (void)begin, (void)end;
  if (thread == 0) {
    for (volatile int i = 0; i < 3000000; ++i) {}  // until the worker has come
    __builtin_longjmp(back, 1);
  }
  for (volatile char* p = room;; p = p + 64 < room + sizeof room ? p + 64 : room) ++*p;
}

static __attribute__((noinline)) void leave(const fk_threads* t) {
  if (__builtin_setjmp(back) == 0) t->parallel_for(t, 2, part, NULL);
}

FORWARD {
  static int calls;
  const fk_threads* t = (const fk_threads*)host->service(host, (fk_str)STR(FK_THREADS_SERVICE));
  if (++calls == 300 && t && t->count > 1) leave(t);
  right(a);
}
CORPUS_PLUGIN("t2_hijacks_worker")
