// SPDX-License-Identifier: Apache-2.0
// Asks the host for the wrong things, or at the wrong time.
#include "zoo.h"
static fk_status silent(void* state, const fk_host* host, const fk_run* run, const void* args) {
  (void)state, (void)host, (void)run, (void)args;
  return FK_DEVICE_ERROR;
}
static fk_status builds_late(void* state, const fk_host* host, const fk_run* run,
                             const void* args) {
  static const fk_str slot = STR("late"), task = STR("silu_and_mul");
  fk_instance* child;
  fk_silu_and_mul_init init = {sizeof init};
  (void)state, (void)run, (void)args;
  return host->child(host, slot, task, FK_SILU_AND_MUL_SIGNATURE, &init, &child);
}
static fk_status unknown_param(const fk_host* host, const fk_run* run, const void* init,
                               void** state) {
  static const fk_str name = STR("weight");
  const fk_tensor* t;
  (void)run, (void)init, (void)state;
  return host->param(host, name, &t);
}
static fk_status unknown_child(const fk_host* host, const fk_run* run, const void* init,
                               void** state) {
  static const fk_str slot = STR("act"), task = STR("silu_and_mull");
  fk_instance* child;
  (void)run, (void)state;
  return host->child(host, slot, task, 1, init, &child);
}
static fk_status stale_child(const fk_host* host, const fk_run* run, const void* init,
                             void** state) {
  static const fk_str slot = STR("act"), task = STR("silu_and_mul");
  fk_instance* child;
  (void)run, (void)state;
  return host->child(host, slot, task, 0x1234, init, &child);
}
static fk_status huge_scratch(void* state, const fk_host* host, const fk_run* run,
                              const void* args) {
  void* p;
  (void)state, (void)args;
  return host->scratch(host, run, (size_t)-64, &p);
}
static const fk_impl a = ZOO_IMPL("silent", zoo_create, zoo_destroy, silent);
static const fk_impl b = ZOO_IMPL("builds_late", zoo_create, zoo_destroy, builds_late);
static const fk_impl c = ZOO_IMPL("unknown_param", unknown_param, zoo_destroy, zoo_forward);
static const fk_impl d = ZOO_IMPL("unknown_child", unknown_child, zoo_destroy, zoo_forward);
static const fk_impl e = ZOO_IMPL("stale_child", stale_child, zoo_destroy, zoo_forward);
static const fk_impl f = ZOO_IMPL("huge_scratch", zoo_create, zoo_destroy, huge_scratch);
static const fk_impl* const impls[] = {&a, &b, &c, &d, &e, &f};
static const fk_plugin plugin = {sizeof(fk_plugin), 1,          0,     0, STR("misuses_host"),
                                 STR("1.0.0"),      STR("zoo"), impls, 6};
fk_status fk_plugin_entry_v1(const fk_host* host, const fk_plugin** out) {
  (void)host;
  *out = &plugin;
  return FK_OK;
}
