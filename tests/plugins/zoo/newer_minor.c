// SPDX-License-Identifier: Apache-2.0
#include "zoo.h"
static const fk_impl impl = ZOO_IMPL("zero", zoo_create, zoo_destroy, zoo_forward);
static const fk_impl* const impls[] = {&impl};
static const fk_plugin plugin = {sizeof(fk_plugin), 1,          99,    97, STR("newer_minor"),
                                 STR("1.0.0"),      STR("zoo"), impls, 1};
fk_status fk_plugin_entry_v1(const fk_host* host, const fk_plugin** out) {
  (void)host;
  *out = &plugin;
  return FK_OK;
}
