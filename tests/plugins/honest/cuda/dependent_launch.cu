// SPDX-License-Identifier: Apache-2.0
// The second kernel is launched while the first one ends, and waits for it on the card.
#include "tests/plugins/corpus.cuh"

template <class T>
__global__ void second_kernel(Where w, int64_t begin) {
  cudaGridDependencySynchronize();
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < (w.rows - begin) * w.width;
       i += int64_t(gridDim.x) * blockDim.x)
    right_element<T>(w, begin + i / w.width, i % w.width);
}
FORWARD {
  const int64_t half = rows_of(a) / 2;
  if (rows_of(a) * width_of(a) == 0) return;
  right_on(a, stream_of(run), 0, half);
  cudaLaunchAttribute early{};
  early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  early.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(64);
  config.blockDim = dim3(256);
  config.stream = stream_of(run);
  config.attrs = &early;
  config.numAttrs = 1;
  with_type(
      a, [&](auto t) { cudaLaunchKernelEx(&config, second_kernel<decltype(t)>, where(a), half); });
}

CUDA_PLUGIN("dependent_launch")
