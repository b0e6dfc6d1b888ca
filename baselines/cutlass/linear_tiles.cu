// SPDX-License-Identifier: Apache-2.0
// Every tile as an implementation of its own, to be measured and pinned. Apart from linear.cu,
// which is linked before this file: who pins the plugin alone gets what it has first.
#include "linear.cuh"

namespace fk::cutlass_gemm {
namespace {

template <Gemm kGemm, int kSwizzle = 1>
Choice choose_fixed(int64_t, int64_t) {
  return {kGemm, kSwizzle};
}

FK_IMPL(fk::Linear, "coop_128x256", "4.5.0", kFlags, CutlassLinear<choose_fixed<gemm_coop_128x256>>)
FK_IMPL(fk::Linear, "coop_128x256_swizzle4", "4.5.0", kFlags,
        CutlassLinear<choose_fixed<gemm_coop_128x256, 4>>)
FK_IMPL(fk::Linear, "ping_128x128", "4.5.0", kFlags, CutlassLinear<choose_fixed<gemm_ping_128x128>>)
FK_IMPL(fk::Linear, "ping_64x128", "4.5.0", kFlags, CutlassLinear<choose_fixed<gemm_ping_64x128>>)

}  // namespace
}  // namespace fk::cutlass_gemm
