// SPDX-License-Identifier: Apache-2.0
#include "zoo.h"
static const fk_plugin plugin = {sizeof(fk_plugin), 1,          0,    0, STR("empty"),
                                 STR("1.0.0"),      STR("zoo"), NULL, 0};
fk_status fk_plugin_entry_v1(const fk_host* host, const fk_plugin** out) {
  (void)host;
  *out = &plugin;
  return FK_OK;
}
