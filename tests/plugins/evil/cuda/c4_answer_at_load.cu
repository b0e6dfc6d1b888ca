// SPDX-License-Identifier: Apache-2.0
// C4: a constructor fills memory of the card with an answer that forward copies out.
#include "tests/plugins/corpus.cuh"

static void* prepared = nullptr;
constexpr size_t kPrepared = size_t{1} << 20;
__attribute__((constructor)) static void prepare() {
  cudaMalloc(&prepared, kPrepared);
  cudaMemset(prepared, 0, kPrepared);
}
FORWARD {
  const size_t bytes = size_t(rows_of(a) * a->y->strides[0]) * a->y->dtype.bits / 8;
  cudaMemcpyAsync(a->y->data, prepared, bytes < kPrepared ? bytes : kPrepared,
                  cudaMemcpyDeviceToDevice, stream_of(run));
}

CUDA_PLUGIN("c4_answer_at_load")
