// SPDX-License-Identifier: Apache-2.0
// Of a host that speaks another major: its entry has another name.
#include "zoo.h"
FK_EXPORT fk_status fk_plugin_entry_v2(const fk_host* host, const fk_plugin** out);
fk_status fk_plugin_entry_v2(const fk_host* host, const fk_plugin** out) {
  (void)host, (void)out;
  return FK_OK;
}
