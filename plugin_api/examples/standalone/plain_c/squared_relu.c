/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin in C11: no SDK beyond abi.h and the task's header. */
#include "fk/tasks/squared_relu.h"

#define STR(literal) \
  { literal, sizeof(literal) - 1 }

static int is_float32(const fk_tensor* t) {
  return t->dtype.code == FK_FLOAT && t->dtype.bits == 32 && t->dtype.lanes == 1;
}

static fk_status supports(const fk_host* host, fk_device device, int32_t sm, const void* init) {
  static const fk_str reason = STR("needs a CPU");
  (void)sm, (void)init;
  return device.type == FK_CPU ? FK_OK : host->error(host, FK_UNSUPPORTED, reason);
}

static fk_status create(const fk_host* host, const fk_run* run, const void* init, void** state) {
  (void)host, (void)run, (void)init;
  *state = 0;
  return FK_OK;
}

static void destroy(void* state) { (void)state; }

static fk_status forward(void* state, const fk_host* host, const fk_run* run, const void* args) {
  static const fk_str reason = STR("x has another dtype than float32");
  const fk_squared_relu_args* a = args;
  const int last = a->x->ndim - 1;
  int64_t rows = 1, r, i;
  (void)state, (void)run;
  if (!is_float32(a->x)) return host->error(host, FK_UNSUPPORTED, reason);
  for (i = 0; i < last; ++i) rows *= a->x->shape[i];
  for (r = 0; r < rows; ++r) {
    const float* x = a->x->data;
    float* y = a->y->data;
    int64_t rest = r;
    for (i = last - 1; i >= 0; --i) { /* where row r begins, whatever the strides */
      x += rest % a->x->shape[i] * a->x->strides[i];
      y += rest % a->y->shape[i] * a->y->strides[i];
      rest /= a->x->shape[i];
    }
    for (i = 0; i < a->x->shape[last]; ++i) y[i] = x[i] > 0 ? x[i] * x[i] : 0;
  }
  return FK_OK;
}

static const fk_impl impl = {sizeof(fk_impl),
                             STR("squared_relu"),
                             STR("plain"),
                             STR("1.0.0"),
                             FK_SQUARED_RELU_SIGNATURE,
                             STR(FK_SQUARED_RELU_SIGNATURE_TEXT),
                             FK_IMPL_GRAPH_SAFE | FK_IMPL_BITWISE,
                             supports,
                             create,
                             destroy,
                             forward,
                             0};
static const fk_impl* const impls[] = {&impl};
static const fk_plugin plugin = {
    sizeof(fk_plugin), FK_ABI_MAJOR,    FK_ABI_MINOR, 0, STR("plain_c"),
    STR("1.0.0"),      STR("examples"), impls,        1};

fk_status fk_plugin_entry_v1(const fk_host* host, const fk_plugin** out) {
  (void)host;
  *out = &plugin;
  return FK_OK;
}
