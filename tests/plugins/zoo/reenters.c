// SPDX-License-Identifier: Apache-2.0
// A child that calls itself: it keeps the instance its parent got.
#include "zoo.h"
static fk_instance* child_instance;
static fk_status parent_create(const fk_host* host, const fk_run* run, const void* init,
                               void** state) {
  static const fk_str slot = STR("act"), task = STR("silu_and_mul");
  (void)run;
  *state = NULL;
  return host->child(host, slot, task, FK_SILU_AND_MUL_SIGNATURE, init, &child_instance);
}
static fk_status call_child(void* state, const fk_host* host, const fk_run* run, const void* args) {
  (void)state, (void)host;
  return child_instance->forward(child_instance, run, args);
}
static const fk_impl a = ZOO_IMPL("parent", parent_create, zoo_destroy, call_child);
static const fk_impl b = ZOO_IMPL("child", zoo_create, zoo_destroy, call_child);
static const fk_impl* const impls[] = {&a, &b};
static const fk_plugin plugin = {sizeof(fk_plugin), 1,          0,     0, STR("reenters"),
                                 STR("1.0.0"),      STR("zoo"), impls, 2};
fk_status fk_plugin_entry_v1(const fk_host* host, const fk_plugin** out) {
  (void)host;
  *out = &plugin;
  return FK_OK;
}
