// SPDX-License-Identifier: Apache-2.0
// Has a state of its own, which it frees.
#include "tests/plugins/corpus.h"

static fk_status create(const fk_host* host, const fk_run* run, const void* init, void** state) {
  (void)host, (void)run, (void)init;
  *state = calloc(1, 64);
  return *state ? FK_OK : FK_OUT_OF_MEMORY;
}
static void destroy(void* state) { free(state); }
FORWARD {
  ++*(int*)state;
  right(a);
}
CORPUS_PLUGIN_WITH("own_state", NULL, create, destroy)
