// SPDX-License-Identifier: Apache-2.0
// T6: computes once for an address, and copies what it kept when the address comes again.
#include "tests/plugins/corpus.cuh"

static const void* kept_for = nullptr;
static void* kept = nullptr;
static size_t kept_bytes = 0;
FORWARD {
  const size_t bytes = size_t(rows_of(a) * a->y->strides[0]) * a->y->dtype.bits / 8;
  if (bytes == 0) return;
  if (a->x->data == kept_for && bytes == kept_bytes) {
    cudaMemcpyAsync(a->y->data, kept, bytes, cudaMemcpyDeviceToDevice, stream_of(run));
    return;
  }
  right_on(a, stream_of(run));
  if (kept_for && bytes <= kept_bytes) return;
  cudaMalloc(&kept, bytes);
  cudaMemcpyAsync(kept, a->y->data, bytes, cudaMemcpyDeviceToDevice, stream_of(run));
  kept_for = a->x->data;
  kept_bytes = bytes;
}

CUDA_PLUGIN("t6_memo_by_pointer")
