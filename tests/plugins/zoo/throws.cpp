// SPDX-License-Identifier: Apache-2.0
// Plain tables with C++ behind them and no guard: exceptions cross the boundary against rule 2.
#include <stdexcept>

#include "zoo.h"

static fk_status throwing_create(const fk_host*, const fk_run*, const void*, void**) {
  throw std::runtime_error("create threw");
}
static fk_status throwing_forward(void*, const fk_host*, const fk_run*, const void*) { throw 42; }
static void throwing_destroy(void*) { throw std::runtime_error("destroy threw"); }
static fk_status throwing_supports(const fk_host*, fk_device, int32_t, const void*) {
  throw std::runtime_error("supports threw");
}

static const fk_impl create = ZOO_IMPL("create", throwing_create, zoo_destroy, zoo_forward);
static const fk_impl forward = ZOO_IMPL("forward", zoo_create, zoo_destroy, throwing_forward);
static const fk_impl destroy = ZOO_IMPL("destroy", zoo_create, throwing_destroy, zoo_forward);
static fk_impl with_supports() {
  fk_impl impl = ZOO_IMPL("supports", zoo_create, zoo_destroy, zoo_forward);
  impl.supports = throwing_supports;
  return impl;
}
fk_status fk_plugin_entry_v1(const fk_host*, const fk_plugin** out) {
  static const fk_impl supports = with_supports();
  static const fk_impl* const impls[] = {&create, &forward, &destroy, &supports};
  static const fk_plugin plugin = {sizeof(fk_plugin), 1,          0,     0, STR("throws"),
                                   STR("1.0.0"),      STR("zoo"), impls, 4};
  *out = &plugin;
  return FK_OK;
}
