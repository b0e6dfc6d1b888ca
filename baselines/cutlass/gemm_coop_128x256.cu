// SPDX-License-Identifier: Apache-2.0
#include "gemm.cuh"

namespace fk::cutlass_gemm {

const char* gemm_coop_128x256(Kind kind, const GemmCall& call, cudaStream_t stream) {
  return run_same_type<128, 256, Cooperative>(kind, call, stream);
}

}  // namespace fk::cutlass_gemm
