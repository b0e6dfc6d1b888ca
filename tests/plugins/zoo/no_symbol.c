// SPDX-License-Identifier: Apache-2.0
#include "zoo.h"
int unused(void);
int unused(void) { return 0; }
