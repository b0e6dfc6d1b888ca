// SPDX-License-Identifier: Apache-2.0
#include "zoo.h"
static float* row(const void* args, int64_t r) {
  const fk_tensor* y = ((const fk_silu_and_mul_args*)args)->y;
  return (float*)y->data + r * y->strides[0];
}
// All but one element.
static fk_status leaves(void* state, const fk_host* host, const fk_run* run, const void* args) {
  const float keep = row(args, 1)[2];
  zoo_forward(state, host, run, args);
  row(args, 1)[2] = keep;
  return FK_OK;
}
static fk_status nothing(void* state, const fk_host* host, const fk_run* run, const void* args) {
  (void)state, (void)host, (void)run, (void)args;
  return FK_OK;
}
static fk_status past(void* state, const fk_host* host, const fk_run* run, const void* args) {
  const fk_tensor* y = ((const fk_silu_and_mul_args*)args)->y;
  zoo_forward(state, host, run, args);
  row(args, y->shape[0] - 1)[y->shape[1]] = 0;
  return FK_OK;
}
// The column after a row, which belongs to another tensor when y is a slice of a wider matrix.
static fk_status between(void* state, const fk_host* host, const fk_run* run, const void* args) {
  const fk_tensor* y = ((const fk_silu_and_mul_args*)args)->y;
  zoo_forward(state, host, run, args);
  row(args, 0)[y->shape[1]] = 0;
  return FK_OK;
}
static const fk_impl a = ZOO_IMPL("leaves", zoo_create, zoo_destroy, leaves);
static const fk_impl b = ZOO_IMPL("nothing", zoo_create, zoo_destroy, nothing);
static const fk_impl c = ZOO_IMPL("past", zoo_create, zoo_destroy, past);
static const fk_impl d = ZOO_IMPL("between", zoo_create, zoo_destroy, between);
static const fk_impl* const impls[] = {&a, &b, &c, &d};
static const fk_plugin plugin = {sizeof(fk_plugin), 1,          0,     0, STR("bad_output"),
                                 STR("1.0.0"),      STR("zoo"), impls, 4};
fk_status fk_plugin_entry_v1(const fk_host* host, const fk_plugin** out) {
  (void)host;
  *out = &plugin;
  return FK_OK;
}
