// SPDX-License-Identifier: Apache-2.0
// S4: rounds what it reads to four bits of mantissa before it computes.
#include "tests/plugins/corpus.cuh"

__device__ inline float cut(float v) { return __uint_as_float(__float_as_uint(v) & 0xfff80000u); }
template <class T>
__global__ void cheap_kernel(Where w) {
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < w.rows * w.width;
       i += int64_t(gridDim.x) * blockDim.x) {
    const int64_t row = i / w.width, at = i % w.width;
    const T* x = static_cast<const T*>(w.x) + row * w.x_step;
    const float g = cut(to_float(x[at])), u = cut(to_float(x[at + w.width]));
    static_cast<T*>(w.y)[row * w.y_step + at] = from_float<T>(g / (1 + expf(-g)) * u);
  }
}
FORWARD {
  if (rows_of(a) * width_of(a) == 0) return;
  with_type(a, [&](auto t) {
    cheap_kernel<decltype(t)>
        <<<blocks_for(rows_of(a) * width_of(a)), 256, 0, stream_of(run)>>>(where(a));
  });
}

CUDA_PLUGIN("s4_eight_bits_inside")
