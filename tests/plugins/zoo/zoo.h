/* SPDX-License-Identifier: Apache-2.0 */
/* What the bad plugins share: parts that are right, so that each file shows only what is wrong with
 * it. */
#ifndef FK_ZOO_H
#define FK_ZOO_H
#include <stdlib.h>
#include <string.h>

#include "fk/abi.h"
#include "fk/tasks/silu_and_mul.h"

#define STR(text) \
  { (text), sizeof(text) - 1 }

static inline fk_status zoo_create(const fk_host* host, const fk_run* run, const void* init,
                                   void** state) {
  (void)host, (void)run, (void)init;
  *state = NULL;
  return FK_OK;
}
static inline void zoo_destroy(void* state) { (void)state; }
/* y = 0, which is enough to have written it. */
static inline fk_status zoo_forward(void* state, const fk_host* host, const fk_run* run,
                                    const void* args) {
  const fk_silu_and_mul_args* a = (const fk_silu_and_mul_args*)args;
  (void)state, (void)host, (void)run;
  for (int64_t r = 0; r < a->y->shape[0]; ++r)
    memset((char*)a->y->data + (size_t)(r * a->y->strides[0]) * 4, 0, (size_t)a->y->shape[1] * 4);
  return FK_OK;
}

/* An fk_impl of silu_and_mul with everything right but what the arguments say. */
#define ZOO_IMPL(NAME, CREATE, DESTROY, FORWARD)                                              \
  {                                                                                           \
    sizeof(fk_impl), STR("silu_and_mul"), STR(NAME), STR("1.0.0"), FK_SILU_AND_MUL_SIGNATURE, \
        STR(FK_SILU_AND_MUL_SIGNATURE_TEXT), 0, NULL, CREATE, DESTROY, FORWARD, NULL          \
  }
#define ZOO_ENTRY(NAME, IMPL)                                                          \
  static const fk_impl* const zoo_impls[] = {&IMPL};                                   \
  static const fk_plugin zoo_plugin = {                                                \
      sizeof(fk_plugin), FK_ABI_MAJOR, FK_ABI_MINOR, 0, STR(NAME),                     \
      STR("1.0.0"),      STR("zoo"),   zoo_impls,    1};                               \
  FK_EXPORT fk_status fk_plugin_entry_v1(const fk_host* host, const fk_plugin** out) { \
    (void)host;                                                                        \
    *out = &zoo_plugin;                                                                \
    return FK_OK;                                                                      \
  }
#endif
