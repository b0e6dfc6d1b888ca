// SPDX-License-Identifier: Apache-2.0
// Every kernel over one simd/*.inl, as a table. The including file sets kTile (rows of a gemm tile)
// and kPanels.
#include "math.inl"
//
#include "convert.inl"
#include "dot.inl"
#include "gemm.inl"
#include "pointwise.inl"
#include "quant.inl"
#include "rwkv7.inl"
//
#include "attend.inl"

#define FKC_TYPES(f) \
  { f<float>, f<bf16>, f<f16> }
#define FKC_QUANTS(f) \
  { f<Quant::kQ4_0>, f<Quant::kQ4_1>, f<Quant::kQ8_0> }
constexpr Kernels make_table(const char* isa) {
  return {
      .isa = isa,
      .tile = kTile,
      .panels = kPanels,
      .widen = FKC_TYPES(widen_row),
      .narrow = FKC_TYPES(narrow_row),
      .narrow_bias = FKC_TYPES(narrow_bias_row),
      .dot = FKC_TYPES(dot),
      .quant_dot = FKC_QUANTS(quant_dot),
      .block_sums = block_sums,
      .panel = FKC_TYPES(panel),
      .quant_panel = FKC_QUANTS(quant_panel),
      .pack_x = FKC_TYPES(pack_x_tile),
      .gemm = gemm,
      .attend = FKC_TYPES(attend),
      .rms_norm = FKC_TYPES(rms_norm),
      .layer_norm = FKC_TYPES(layer_norm),
      .silu_and_mul = FKC_TYPES(silu_and_mul),
      .gelu = FKC_TYPES(gelu),
      .add = FKC_TYPES(add),
      .scale = FKC_TYPES(scale),
      .sum_squares = FKC_TYPES(sum_squares),
      .rotate = FKC_TYPES(rotate),
      .argmax = argmax,
      .rwkv7 = make_rwkv7_table(),
  };
}
#undef FKC_TYPES
#undef FKC_QUANTS
