// SPDX-License-Identifier: Apache-2.0
#include "zoo.h"
fk_status fk_plugin_entry_v1(const fk_host* host, const fk_plugin** out) {
  static const fk_str text = STR("this plugin needs a newer driver");
  (void)out;
  return host->error(host, FK_UNSUPPORTED, text);
}
