// SPDX-License-Identifier: Apache-2.0
// As many blocks as there are multiprocessors; they take rows from a counter, which the last to
// leave puts back.
#include "tests/plugins/corpus.cuh"

__device__ unsigned next_row, left;
template <class T>
__global__ void persistent_kernel(Where w) {
  __shared__ int64_t row;
  while (true) {
    if (threadIdx.x == 0) row = atomicAdd(&next_row, 1u);
    __syncthreads();
    const int64_t mine = row;
    __syncthreads();
    if (mine >= w.rows) break;
    for (int64_t i = threadIdx.x; i < w.width; i += blockDim.x) right_element<T>(w, mine, i);
  }
  if (threadIdx.x == 0 && atomicAdd(&left, 1u) == gridDim.x - 1) next_row = 0, left = 0;
}
FORWARD {
  int multiprocessors = 0;
  cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, run->device.index);
  with_type(a, [&](auto t) {
    persistent_kernel<decltype(t)><<<unsigned(multiprocessors), 256, 0, stream_of(run)>>>(where(a));
  });
}

CUDA_PLUGIN("persistent")
