// SPDX-License-Identifier: Apache-2.0
// What the corpus's plugins for a card share: silu_and_mul done right by one kernel, and an entry.
// Each file defines `forward` with FORWARD and ends with CUDA_PLUGIN("its name").
#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime_api.h>

#include "tests/plugins/corpus.h"

__device__ inline float to_float(float v) { return v; }
__device__ inline float to_float(__half v) { return __half2float(v); }
__device__ inline float to_float(__nv_bfloat16 v) { return __bfloat162float(v); }
template <class T>
__device__ inline T from_float(float v);
template <>
__device__ inline float from_float<float>(float v) {
  return v;
}
template <>
__device__ inline __half from_float<__half>(float v) {
  return __float2half_rn(v);
}
template <>
__device__ inline __nv_bfloat16 from_float<__nv_bfloat16>(float v) {
  return __float2bfloat16_rn(v);
}

// Where things lie, by value: kernels see no header of the host's.
struct Where {
  const void* x;
  void* y;
  int64_t rows, width, x_step, y_step;
};
static inline Where where(const args_t* a) {
  return {a->x->data, a->y->data, rows_of(a), width_of(a), a->x->strides[0], a->y->strides[0]};
}

template <class T>
__device__ inline void right_element(const Where& w, int64_t row, int64_t i) {
  const T* x = static_cast<const T*>(w.x) + row * w.x_step;
  const float g = to_float(x[i]), u = to_float(x[i + w.width]);
  static_cast<T*>(w.y)[row * w.y_step + i] = from_float<T>(g / (1 + expf(-g)) * u);
}
// Rows [begin, end), by any grid of one dimension.
template <class T>
__device__ inline void right_rows(const Where& w, int64_t begin, int64_t end) {
  const int64_t step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < (end - begin) * w.width;
       i += step)
    right_element<T>(w, begin + i / w.width, i % w.width);
}
template <class T>
__global__ void right_kernel(Where w, int64_t begin, int64_t end) {
  right_rows<T>(w, begin, end);
}

// f(a value of the element type).
template <class F>
static void with_type(const args_t* a, F f) {
  if (a->x->dtype.bits == 32)
    f(float{});
  else if (a->x->dtype.code == FK_BFLOAT)
    f(__nv_bfloat16{});
  else
    f(__half{});
}
static inline unsigned blocks_for(int64_t elements) {
  const int64_t n = (elements + 255) / 256;
  return unsigned(n < 1 ? 1 : n > 1024 ? 1024 : n);
}
static inline void right_on(const args_t* a, cudaStream_t stream, int64_t begin, int64_t end) {
  if (end <= begin || width_of(a) == 0) return;
  with_type(a, [&](auto t) {
    right_kernel<decltype(t)>
        <<<blocks_for((end - begin) * width_of(a)), 256, 0, stream>>>(where(a), begin, end);
  });
}
static inline void right_on(const args_t* a, cudaStream_t stream) {
  right_on(a, stream, 0, rows_of(a));
}
static inline cudaStream_t stream_of(const fk_run* run) {
  return static_cast<cudaStream_t>(run->stream);
}
// While the kernel before it may still run.
template <class... P>
static void launch_early(cudaStream_t stream, void (*kernel)(P...), P... arguments) {
  cudaLaunchAttribute early{};
  early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  early.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(64);
  config.blockDim = dim3(256);
  config.stream = stream;
  config.attrs = &early;
  config.numAttrs = 1;
  cudaLaunchKernelEx(&config, kernel, arguments...);
}

static fk_status on_a_card(const fk_host*, fk_device device, int32_t, const void*) {
  return device.type == FK_CUDA ? FK_OK : FK_UNSUPPORTED;
}

#define CUDA_PLUGIN_WITH(NAME, CREATE, DESTROY)                                              \
  static const fk_impl corpus_impl = {sizeof(fk_impl),                                       \
                                      STR("silu_and_mul"),                                   \
                                      STR("x"),                                              \
                                      STR("1.0.0"),                                          \
                                      FK_SILU_AND_MUL_SIGNATURE,                             \
                                      STR(FK_SILU_AND_MUL_SIGNATURE_TEXT),                   \
                                      FK_IMPL_GRAPH_SAFE,                                    \
                                      on_a_card,                                             \
                                      CREATE,                                                \
                                      DESTROY,                                               \
                                      forward,                                               \
                                      nullptr};                                              \
  static const fk_impl* const corpus_impls[] = {&corpus_impl};                               \
  static const fk_plugin corpus_plugin = {                                                   \
      sizeof(fk_plugin), FK_ABI_MAJOR,  FK_ABI_MINOR, 0, STR(NAME),                          \
      STR("1.0.0"),      STR("corpus"), corpus_impls, 1};                                    \
  extern "C" FK_EXPORT fk_status fk_plugin_entry_v1(const fk_host*, const fk_plugin** out) { \
    *out = &corpus_plugin;                                                                   \
    return FK_OK;                                                                            \
  }
#define CUDA_PLUGIN(NAME) CUDA_PLUGIN_WITH(NAME, plain_create, plain_destroy)
