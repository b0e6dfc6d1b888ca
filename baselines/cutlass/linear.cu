// SPDX-License-Identifier: Apache-2.0
#include "linear.cuh"

namespace fk::cutlass_gemm {
namespace {

// To be measured: bench_gpu_linear prints every tile beside what this chooses.
Choice choose_by_size(int64_t m, int64_t n) {
  struct Row {
    int64_t m, n;  // up to
    Choice choice;
  };
  static constexpr Row kTable[] = {
      {64, INT64_MAX, {gemm_ping_64x128, 1}},
      {512, INT64_MAX, {gemm_ping_128x128, 1}},
      {INT64_MAX, 1024, {gemm_ping_128x128, 1}},
      {INT64_MAX, INT64_MAX, {gemm_coop_128x256, 1}},
  };
  for (const Row& row : kTable)
    if (m <= row.m && n <= row.n) return row.choice;
  return {gemm_ping_128x128, 1};
}

FK_IMPL(fk::Linear, "cutlass", "4.5.0", kFlags, CutlassLinear<choose_by_size>)

}  // namespace
}  // namespace fk::cutlass_gemm
