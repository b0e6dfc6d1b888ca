// SPDX-License-Identifier: Apache-2.0
#include "gemm.cuh"

namespace fk::cutlass_gemm {

const char* gemm_ping_128x128(Kind kind, const GemmCall& call, cudaStream_t stream) {
  return run_same_type<128, 128, Pingpong>(kind, call, stream);
}

}  // namespace fk::cutlass_gemm
