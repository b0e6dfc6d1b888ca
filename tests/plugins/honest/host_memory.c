// SPDX-License-Identifier: Apache-2.0
// Owns memory that the host gave it when it was built.
#include "tests/plugins/corpus.h"

static fk_status create(const fk_host* host, const fk_run* run, const void* init, void** state) {
  (void)run, (void)init;
  return host->alloc(host, run->device, 4096, state);
}
FORWARD {
  int64_t* calls = (int64_t*)state;
  ++*calls;
  right(a);
}
CORPUS_PLUGIN_WITH("host_memory", NULL, create, plain_destroy)
