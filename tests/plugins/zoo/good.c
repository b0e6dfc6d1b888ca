// SPDX-License-Identifier: Apache-2.0
// Nothing wrong here: what the others are compared with, and what the truncated file is a part of.
#include "zoo.h"
static const fk_impl impl = ZOO_IMPL("zero", zoo_create, zoo_destroy, zoo_forward);
ZOO_ENTRY("good", impl)
