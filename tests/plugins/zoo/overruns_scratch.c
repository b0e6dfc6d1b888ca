// SPDX-License-Identifier: Apache-2.0
#include "zoo.h"
static fk_status past(void* state, const fk_host* host, const fk_run* run, const void* args) {
  char* p;
  fk_status s = host->scratch(host, run, 100, (void**)&p);
  if (s) return s;
  memset(p, 1, 101);
  return zoo_forward(state, host, run, args);
}
static fk_status before(void* state, const fk_host* host, const fk_run* run, const void* args) {
  char* p;
  fk_status s = host->scratch(host, run, 100, (void**)&p);
  if (s) return s;
  p[-4] = 1;
  return zoo_forward(state, host, run, args);
}
static const fk_impl a = ZOO_IMPL("past", zoo_create, zoo_destroy, past);
static const fk_impl b = ZOO_IMPL("before", zoo_create, zoo_destroy, before);
static const fk_impl* const impls[] = {&a, &b};
static const fk_plugin plugin = {sizeof(fk_plugin), 1,          0,     0, STR("overruns_scratch"),
                                 STR("1.0.0"),      STR("zoo"), impls, 2};
fk_status fk_plugin_entry_v1(const fk_host* host, const fk_plugin** out) {
  (void)host;
  *out = &plugin;
  return FK_OK;
}
