// SPDX-License-Identifier: Apache-2.0
// One instantiation: about 80 s and 3 GB of compiler.
#include "fa3_params.cuh"

namespace fk::flashinfer {

void fa3_run_ragged(const void* ints, const Fa3Plan& plan, const Fa3Call& c, cudaStream_t stream) {
  using T = Fa3Element;
  auto p = fa3_params<fi::BatchPrefillRaggedParams<T, T, T, int32_t>>(ints, plan, c);
  p.nnz_kv = c.rows;
  cudaError_t status =
      fi::BatchPrefillWithRaggedKVCacheDispatched<128, 128, fi::MaskMode::kCausal, /*window=*/false,
                                                  /*same_schedule=*/false, Fa3Variant>(
          p, /*enable_pdl=*/false, stream);
  FK_CUDA_CHECK(status);
}

}  // namespace fk::flashinfer
