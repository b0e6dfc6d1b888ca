// SPDX-License-Identifier: Apache-2.0
// A float32 result of 16-bit operands: logits, mostly.
#include "gemm.cuh"

namespace fk::cutlass_gemm {

const char* gemm_float_out(Kind kind, const GemmCall& call, cudaStream_t stream) {
  if (kind == Kind::kBFloat16Float)
    return run_gemm<128, 128, Pingpong, cutlass::bfloat16_t, float>(call, stream);
  if (kind == Kind::kFloat16Float)
    return run_gemm<128, 128, Pingpong, cutlass::half_t, float>(call, stream);
  return "compiled for a float32 result only";
}

}  // namespace fk::cutlass_gemm
