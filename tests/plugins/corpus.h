/* SPDX-License-Identifier: Apache-2.0 */
/* What the plugins of the corpus share: silu_and_mul done right, in every float type, and an entry.
 * Each file defines `forward` (and perhaps `create`) and ends with CORPUS_PLUGIN("its name"). */
#ifndef FK_CORPUS_H
#define FK_CORPUS_H
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fk/abi.h"
#include "fk/tasks/silu_and_mul.h"

#define STR(text) \
  { (text), sizeof(text) - 1 }

typedef fk_silu_and_mul_args args_t;

static inline float bits_to_float(uint32_t u) {
  float f;
  memcpy(&f, &u, 4);
  return f;
}
static inline uint32_t float_to_bits(float f) {
  uint32_t u;
  memcpy(&u, &f, 4);
  return u;
}

static inline float load(const fk_tensor* t, int64_t i) {
  const uint16_t h = t->dtype.bits == 16 ? ((const uint16_t*)t->data)[i] : 0;
  if (t->dtype.bits == 32) return ((const float*)t->data)[i];
  if (t->dtype.code == FK_BFLOAT) return bits_to_float((uint32_t)h << 16);
  const float size = bits_to_float((uint32_t)(h & 0x7fff) << 13) * 0x1p112f;
  const float whole = size < 0x1p16f ? size : (h & 1023) ? NAN : INFINITY;
  return h >> 15 ? -whole : whole;
}

static inline void store(const fk_tensor* t, int64_t i, float v) {
  if (t->dtype.bits == 32) {
    ((float*)t->data)[i] = v;
    return;
  }
  uint32_t u = float_to_bits(v);
  uint16_t h;
  if (t->dtype.code == FK_BFLOAT) {
    h = isnan(v) ? (uint16_t)((u >> 16) | 64) : (uint16_t)((u + 0x7fff + ((u >> 16) & 1)) >> 16);
  } else {
    const uint32_t sign = (u >> 16) & 0x8000;
    u &= 0x7fffffff;
    if (u > 0x7f800000) {
      h = (uint16_t)(sign | 0x7e00);
    } else if (u >= 0x477ff000) {
      h = (uint16_t)(sign | 0x7c00);
    } else if (u < 0x38800000) {
      h = (uint16_t)(sign | (float_to_bits(bits_to_float(u) + 0.5f) - 0x3f000000));
    } else {
      u += 0xfff + (u >> 13 & 1);
      h = (uint16_t)(sign | (u - 0x38000000) >> 13);
    }
  }
  ((uint16_t*)t->data)[i] = h;
}

static inline int64_t rows_of(const args_t* a) { return a->y->shape[0]; }
static inline int64_t width_of(const args_t* a) { return a->y->shape[1]; }

static inline float silu_at(const args_t* a, int64_t row, int64_t i) {
  const int64_t at = row * a->x->strides[0] + i;
  const double g = load(a->x, at), u = load(a->x, at + width_of(a));
  return (float)(g / (1 + exp(-g)) * u);
}
static inline void put(const args_t* a, int64_t row, int64_t i, float v) {
  store(a->y, row * a->y->strides[0] + i, v);
}

/* Right answers for rows [begin, end). */
static inline void right_rows(const args_t* a, int64_t begin, int64_t end) {
  for (int64_t r = begin; r < end; ++r)
    for (int64_t i = 0; i < width_of(a); ++i) put(a, r, i, silu_at(a, r, i));
}
static inline void right(const args_t* a) { right_rows(a, 0, rows_of(a)); }
static inline void fill(const args_t* a, float v) {
  for (int64_t r = 0; r < rows_of(a); ++r)
    for (int64_t i = 0; i < width_of(a); ++i) put(a, r, i, v);
}
/* The answer of a cheat that has worked, or of one that has not. */
static inline void answer_if(const args_t* a, int worked) {
  if (worked)
    right(a);
  else
    fill(a, 0);
}

static inline fk_status plain_create(const fk_host* host, const fk_run* run, const void* init,
                                     void** state) {
  (void)host, (void)run, (void)init;
  *state = NULL;
  return FK_OK;
}
static inline void plain_destroy(void* state) { (void)state; }

#define CORPUS_PLUGIN_WITH(NAME, SUPPORTS, CREATE, DESTROY)                            \
  static const fk_impl corpus_impl = {sizeof(fk_impl),                                 \
                                      STR("silu_and_mul"),                             \
                                      STR("x"),                                        \
                                      STR("1.0.0"),                                    \
                                      FK_SILU_AND_MUL_SIGNATURE,                       \
                                      STR(FK_SILU_AND_MUL_SIGNATURE_TEXT),             \
                                      0,                                               \
                                      SUPPORTS,                                        \
                                      CREATE,                                          \
                                      DESTROY,                                         \
                                      forward,                                         \
                                      NULL};                                           \
  static const fk_impl* const corpus_impls[] = {&corpus_impl};                         \
  static const fk_plugin corpus_plugin = {                                             \
      sizeof(fk_plugin), FK_ABI_MAJOR,  FK_ABI_MINOR, 0, STR(NAME),                    \
      STR("1.0.0"),      STR("corpus"), corpus_impls, 1};                              \
  FK_EXPORT fk_status fk_plugin_entry_v1(const fk_host* host, const fk_plugin** out) { \
    (void)host;                                                                        \
    *out = &corpus_plugin;                                                             \
    return FK_OK;                                                                      \
  }
#define CORPUS_PLUGIN(NAME) CORPUS_PLUGIN_WITH(NAME, NULL, plain_create, plain_destroy)

/* `static fk_status forward(...)` with the arguments as `a`; the others are there to be used. */
#define FORWARD                                                                              \
  static void compute(void* state, const fk_host* host, const fk_run* run, const args_t* a); \
  static fk_status forward(void* state, const fk_host* host, const fk_run* run,              \
                           const void* args) {                                               \
    compute(state, host, run, (const args_t*)args);                                          \
    return FK_OK;                                                                            \
  }                                                                                          \
  static void compute(__attribute__((unused)) void* state,                                   \
                      __attribute__((unused)) const fk_host* host,                           \
                      __attribute__((unused)) const fk_run* run, const args_t* a)
#endif
