// SPDX-License-Identifier: Apache-2.0
// One instantiation: about 80 s and 3 GB of compiler.
#include "fa3_params.cuh"

namespace fk::flashinfer {

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

void fa3_run_paged(const void* ints, const Fa3Plan& plan, const Fa3PagedCall& c,
                   cudaStream_t stream) {
  using T = Fa3Element;
  auto p = fa3_params<fi::BatchPrefillPagedParams<T, T, T, int32_t>>(ints, plan, c);
  p.kv_indices = const_cast<int32_t*>(c.blocks);
  p.k_page_stride = c.key_block;
  p.v_page_stride = c.value_block;
  p.page_size = c.block_size;
  cudaError_t status =
      fi::BatchPrefillWithPagedKVCacheDispatched<128, 128, fi::MaskMode::kCausal, /*window=*/false,
                                                 /*same_schedule=*/false, Fa3Variant>(
          p, /*enable_pdl=*/false, stream);
  FK_CUDA_CHECK(status);
}

}  // namespace fk::flashinfer
