// SPDX-License-Identifier: Apache-2.0
// One Hopper GEMM of CUTLASS: operands by TMA into a pipeline of stages, a warp group that loads
// and two that multiply (wgmma), persistent CTAs in clusters of two that share the tile of b. The
// epilogue adds the bias in fp32 and rounds once. To be compiled with NDEBUG: an assert in a kernel
// serialises its wgmma instructions.
#pragma once
#ifndef CUTLASS_ENABLE_GDC_FOR_SM90
#error "without CUTLASS_ENABLE_GDC_FOR_SM90 the kernels do not wait for the one before them"
#endif
#include <cutlass/cutlass.h>
#include <cutlass/gemm/device/gemm_universal_adapter.h>

#include <cute/tensor.hpp>
#include <cutlass/epilogue/collective/collective_builder.hpp>
#include <cutlass/epilogue/fusion/sm90_visitor_load_tma_warpspecialized.hpp>
#include <cutlass/gemm/collective/collective_builder.hpp>
#include <cutlass/gemm/kernel/gemm_universal.hpp>

#include "gemm.hpp"

namespace fk::cutlass_gemm {

using Cooperative = cutlass::gemm::KernelTmaWarpSpecializedCooperative;
using Pingpong = cutlass::gemm::KernelTmaWarpSpecializedPingpong;

template <int M, int N, class Schedule, class In, class Out>
const char* run_gemm(const GemmCall& c, cudaStream_t stream) {
  using namespace cute;
  using Tile = Shape<Int<M>, Int<N>, Int<128 / sizeof(In)>>;
  using Cluster = Shape<_2, _1, _1>;
  using RowMajor = cutlass::layout::RowMajor;
  using ColumnMajor = cutlass::layout::ColumnMajor;
  using EpilogueSchedule = std::conditional_t<std::is_same_v<Schedule, Cooperative>,
                                              cutlass::epilogue::TmaWarpSpecializedCooperative,
                                              cutlass::epilogue::TmaWarpSpecialized>;
  // d = sum + bias; a NULL bias counts as zeros.
  namespace fusion = cutlass::epilogue::fusion;
  using Bias = fusion::Sm90RowBroadcast<0, Tile, In, float>;
  using Add =
      fusion::Sm90Compute<cutlass::plus, Out, float, cutlass::FloatRoundStyle::round_to_nearest>;
  using Fusion = fusion::Sm90EVT<Add, Bias, fusion::Sm90AccFetch>;
  using Epilogue = typename cutlass::epilogue::collective::CollectiveBuilder<
      cutlass::arch::Sm90, cutlass::arch::OpClassTensorOp, Tile, Cluster,
      cutlass::epilogue::collective::EpilogueTileAuto, float, float, void, RowMajor,
      16 / sizeof(Out), Out, RowMajor, 16 / sizeof(Out), EpilogueSchedule, Fusion>::CollectiveOp;
  using Mainloop = typename cutlass::gemm::collective::CollectiveBuilder<
      cutlass::arch::Sm90, cutlass::arch::OpClassTensorOp, In, RowMajor, 16 / sizeof(In), In,
      ColumnMajor, 16 / sizeof(In), float, Tile, Cluster,
      cutlass::gemm::collective::StageCountAutoCarveout<int(
          sizeof(typename Epilogue::SharedStorage))>,
      Schedule>::CollectiveOp;
  using Kernel = cutlass::gemm::kernel::GemmUniversal<Shape<int, int, int, int>, Mainloop, Epilogue,
                                                      cutlass::gemm::PersistentScheduler>;
  using Device = cutlass::gemm::device::GemmUniversalAdapter<Kernel>;

  typename Device::Arguments args{};
  args.mode = cutlass::gemm::GemmUniversalMode::kGemm;
  args.problem_shape = {c.m, c.n, c.k, 1};
  args.mainloop.ptr_A = static_cast<const In*>(c.a);
  args.mainloop.dA = {c.lda, _1{}, int64_t{0}};
  args.mainloop.ptr_B = static_cast<const In*>(c.b);
  args.mainloop.dB = {c.ldb, _1{}, int64_t{0}};
  args.epilogue.thread = {{static_cast<const In*>(c.bias), In(0), {}}, {}, {}};
  args.epilogue.ptr_D = static_cast<Out*>(c.d);
  args.epilogue.dD = {c.ldd, _1{}, int64_t{0}};
  args.hw_info.sm_count = c.multiprocessors;
  args.scheduler.max_swizzle_size = c.swizzle;
  if (Device::get_workspace_size(args) > 0) return "it wants a workspace";
  // Not asked for can_implement(): it wants n to be a multiple of 16 bytes too, which TMA does not
  // need: it stores whole pieces of 16 bytes, which are then the row's own (GemmCall).
  Device gemm;
  cutlass::Status status = gemm.initialize(args, nullptr, stream);
  if (status == cutlass::Status::kSuccess) status = gemm.run(stream, nullptr, /*pdl=*/true);
  return status == cutlass::Status::kSuccess ? nullptr : cutlassGetStatusString(status);
}

// The kinds whose d is of the operands' type.
template <int M, int N, class Schedule>
const char* run_same_type(Kind kind, const GemmCall& c, cudaStream_t stream) {
  using cutlass::bfloat16_t, cutlass::half_t;
  if (kind == Kind::kBFloat16) return run_gemm<M, N, Schedule, bfloat16_t, bfloat16_t>(c, stream);
  if (kind == Kind::kFloat16) return run_gemm<M, N, Schedule, half_t, half_t>(c, stream);
  return "not compiled for a float32 result";
}

}  // namespace fk::cutlass_gemm
