// SPDX-License-Identifier: Apache-2.0
// Says that it is for float32: less coverage, no failure.
#include "tests/plugins/corpus.h"

static fk_status create(const fk_host* host, const fk_run* run, const void* init, void** state) {
  (void)init;
  *state = NULL;
  if (run->dtype.bits != 32) return host->error(host, FK_UNSUPPORTED, (fk_str)STR("float32 only"));
  return FK_OK;
}
FORWARD { right(a); }
CORPUS_PLUGIN_WITH("float32_only", NULL, create, plain_destroy)
