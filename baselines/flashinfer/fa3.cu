// SPDX-License-Identifier: Apache-2.0
// One instantiation: about 80 s and 3 GB of compiler.
#include <algorithm>
#include <flashinfer/attention/hopper/default_params.cuh>
#include <flashinfer/attention/hopper/prefill_sm90.cuh>
#include <flashinfer/attention/hopper/variants.cuh>
#include <flashinfer/attention/scheduler.cuh>
#include <vector>

#include "fa3.hpp"
#include "fk/cuda.hpp"

namespace fk::flashinfer {
namespace {

namespace fi = ::flashinfer;
using T = cutlass::bfloat16_t;
using Params = fi::BatchPrefillPagedParams<T, T, T, int32_t>;
using Variant = fi::DefaultAttention</*soft_cap=*/false>;

fi::PrefillPlanSM90Info info_of(const Fa3Plan& plan) {
  fi::PrefillPlanSM90Info info;
  info.FromVector(std::vector<int64_t>(plan.fields, plan.fields + 9));
  return info;
}

}  // namespace

Fa3Plan fa3_plan(const Fa3Workspace& w, const int32_t* query_starts, const int32_t* kv_starts,
                 const int32_t* kv_lengths, int rows, int num_seqs, int num_heads, int num_kv_heads,
                 cudaStream_t stream) {
  fi::PrefillPlanSM90Info info;
  FK_CUDA_CHECK(fi::PrefillSM90Plan(
      nullptr, 0, w.ints, w.pinned, w.bytes, info, const_cast<int32_t*>(query_starts),
      const_cast<int32_t*>(kv_starts), const_cast<int32_t*>(kv_lengths), uint32_t(rows),
      uint32_t(num_seqs), uint32_t(num_heads), uint32_t(num_kv_heads), 128, 128, /*page_size=*/1,
      /*causal=*/true, /*enable_cuda_graph=*/false, /*sizeof_dtype_o=*/2, stream));
  // From 4096 tiles a head on it plans for another instantiation, which is not compiled.
  FK_SUPPORT(!info.same_schedule_for_all_heads, "paged_attention: %d rows in a step are too many",
             rows);
  const std::vector<int64_t> fields = info.ToVector();
  FK_REQUIRE(fields.size() == 9, "FlashInfer's plan has %zu fields, expected 9", fields.size());
  Fa3Plan plan;
  std::copy(fields.begin(), fields.end(), plan.fields);
  return plan;
}

void fa3_run(const Fa3Workspace& w, const Fa3Plan& plan, const Fa3Call& c, cudaStream_t stream) {
  const fi::PrefillPlanSM90Info info = info_of(plan);
  const auto at = [&](int64_t offset) { return fi::GetPtrFromBaseOffset<int32_t>(w.ints, offset); };
  Params p{};
  p.q_ptr = static_cast<T*>(const_cast<void*>(c.q));
  p.k_ptr = static_cast<T*>(const_cast<void*>(c.key));
  p.v_ptr = static_cast<T*>(const_cast<void*>(c.value));
  p.o_ptr = static_cast<T*>(c.out);
  p.qo_tile_indices = at(info.qo_tile_indices_offset);
  p.qo_indptr = at(info.qo_indptr_offset);
  p.kv_indptr = at(info.kv_indptr_offset);
  p.qo_lens = at(info.qo_len_offset);
  p.kv_lens = at(info.kv_len_offset);
  p.head_indices = at(info.head_indices_offset);
  p.work_indptr = at(info.work_indptr_offset);
  p.batch_indices = at(info.batch_indices_offset);
  p.kv_indices = const_cast<int32_t*>(c.blocks);
  p.additional_params.sm_scale = c.scale;
  p.q_stride_n = c.q_row, p.q_stride_h = c.q_head;
  p.o_stride_n = c.out_row, p.o_stride_h = c.out_head;
  p.k_stride_n = c.key_token, p.k_stride_h = c.key_head, p.k_page_stride = c.key_block;
  p.v_stride_n = c.value_token, p.v_stride_h = c.value_head, p.v_page_stride = c.value_block;
  p.nnz_qo = c.rows;
  p.num_qo_heads = c.num_heads, p.num_kv_heads = c.num_kv_heads;
  p.group_size = c.num_heads / c.num_kv_heads;
  p.page_size = c.block_size;
  p.window_left = -1;
  p.causal = true;
  cudaError_t status =
      fi::BatchPrefillWithPagedKVCacheDispatched<128, 128, fi::MaskMode::kCausal, /*window=*/false,
                                                 /*same_schedule=*/false, Variant>(
          p, /*enable_pdl=*/false, stream);
  FK_CUDA_CHECK(status);
}

}  // namespace fk::flashinfer
