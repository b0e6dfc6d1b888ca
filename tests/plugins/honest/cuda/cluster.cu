// SPDX-License-Identifier: Apache-2.0
// Two blocks a cluster, which need each other for nothing but the barrier.
#include <cooperative_groups.h>

#include "tests/plugins/corpus.cuh"

template <class T>
__global__ void __cluster_dims__(2, 1, 1) cluster_kernel(Where w) {
  cooperative_groups::this_cluster().sync();
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < w.rows * w.width;
       i += int64_t(gridDim.x) * blockDim.x)
    right_element<T>(w, i / w.width, i % w.width);
}
FORWARD {
  if (rows_of(a) * width_of(a) == 0) return;
  with_type(a,
            [&](auto t) { cluster_kernel<decltype(t)><<<64, 256, 0, stream_of(run)>>>(where(a)); });
}

CUDA_PLUGIN("cluster")
