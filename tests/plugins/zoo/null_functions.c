// SPDX-License-Identifier: Apache-2.0
#include "zoo.h"
static const fk_impl no_create = ZOO_IMPL("no_create", NULL, zoo_destroy, zoo_forward);
static const fk_impl no_destroy = ZOO_IMPL("no_destroy", zoo_create, NULL, zoo_forward);
static const fk_impl no_forward = ZOO_IMPL("no_forward", zoo_create, zoo_destroy, NULL);
static const fk_impl good = ZOO_IMPL("good", zoo_create, zoo_destroy, zoo_forward);
static const fk_impl* const impls[] = {&no_create, &no_destroy, &no_forward, NULL, &good};
static const fk_plugin plugin = {sizeof(fk_plugin), 1,          0,     0, STR("null_functions"),
                                 STR("1.0.0"),      STR("zoo"), impls, 5};
fk_status fk_plugin_entry_v1(const fk_host* host, const fk_plugin** out) {
  (void)host;
  *out = &plugin;
  return FK_OK;
}
