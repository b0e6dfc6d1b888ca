// SPDX-License-Identifier: Apache-2.0
// C8: declines what it cannot do when it is too late to.
#include "tests/plugins/corpus.h"

static fk_status forward(void* state, const fk_host* host, const fk_run* run, const void* args) {
  const args_t* a = (const args_t*)args;
  (void)state, (void)run;
  if (rows_of(a) > 4) return host->error(host, FK_UNSUPPORTED, (fk_str)STR("too many rows"));
  right(a);
  return FK_OK;
}
CORPUS_PLUGIN("c8_hard_cases_fail")
