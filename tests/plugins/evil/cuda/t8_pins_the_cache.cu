// SPDX-License-Identifier: Apache-2.0
// T8: keeps its input in the L2 through the flush, by a window of persisting lines. Right, and to
// be of no use.
#include "tests/plugins/corpus.cuh"

FORWARD {
  cudaDeviceSetLimit(cudaLimitPersistingL2CacheSize, size_t{32} << 20);
  cudaStreamAttrValue v{};
  v.accessPolicyWindow.base_ptr = a->x->data;
  v.accessPolicyWindow.num_bytes = size_t(rows_of(a) * a->x->strides[0]) * a->x->dtype.bits / 8;
  v.accessPolicyWindow.hitRatio = 1;
  v.accessPolicyWindow.hitProp = cudaAccessPropertyPersisting;
  v.accessPolicyWindow.missProp = cudaAccessPropertyStreaming;
  cudaStreamSetAttribute(stream_of(run), cudaStreamAttributeAccessPolicyWindow, &v);
  right_on(a, stream_of(run));
}

CUDA_PLUGIN("t8_pins_the_cache")
