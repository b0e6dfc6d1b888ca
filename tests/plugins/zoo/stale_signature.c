// SPDX-License-Identifier: Apache-2.0
// Built when silu_and_mul still had a limit among its inits.
#include "zoo.h"
static const fk_impl impl = {
    sizeof(fk_impl),
    STR("silu_and_mul"),
    STR("old"),
    STR("1.0.0"),
    0x0123456789abcdef,
    STR("silu_and_mul r0 (limit:init float) (x:in tensor) -> (y:out tensor)"),
    0,
    NULL,
    zoo_create,
    zoo_destroy,
    zoo_forward,
    NULL};
ZOO_ENTRY("stale_signature", impl)
