// SPDX-License-Identifier: Apache-2.0
// Splits its rows over the host's threads.
#include "tests/plugins/corpus.h"

static void part(void* a, int64_t begin, int64_t end, int32_t thread) {
  (void)thread;
  right_rows((const args_t*)a, begin, end);
}
FORWARD {
  const fk_threads* t = (const fk_threads*)host->service(host, (fk_str)STR(FK_THREADS_SERVICE));
  if (!t) return right(a);
  t->parallel_for(t, rows_of(a), part, (void*)a);
}
CORPUS_PLUGIN("host_threads")
