// SPDX-License-Identifier: Apache-2.0
// Linked against a library that is deleted after the build.
#include "zoo.h"
int fk_absent(void);
static fk_status create(const fk_host* host, const fk_run* run, const void* init, void** state) {
  (void)host, (void)run, (void)init;
  *state = NULL;
  return fk_absent() ? FK_OK : FK_INTERNAL;
}
static const fk_impl impl = ZOO_IMPL("zero", create, zoo_destroy, zoo_forward);
ZOO_ENTRY("missing_library", impl)
