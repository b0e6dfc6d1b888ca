// SPDX-License-Identifier: Apache-2.0
#include "zoo.h"
FK_EXPORT int helper(void);
FK_EXPORT int another_helper(void);
int helper(void) { return 1; }
int another_helper(void) { return 2; }
static const fk_impl impl = ZOO_IMPL("zero", zoo_create, zoo_destroy, zoo_forward);
ZOO_ENTRY("exports_too_much", impl)
