// SPDX-License-Identifier: Apache-2.0
// Its plugin.yaml says version 2.0.0.
#include "zoo.h"
static const fk_impl impl = ZOO_IMPL("zero", zoo_create, zoo_destroy, zoo_forward);
ZOO_ENTRY("manifest_disagrees", impl)
