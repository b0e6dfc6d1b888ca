// SPDX-License-Identifier: Apache-2.0
// What the paged and the ragged kernel are called with alike.
#pragma once
#include <algorithm>
#include <flashinfer/attention/hopper/default_params.cuh>
#include <flashinfer/attention/hopper/prefill_sm90.cuh>
#include <flashinfer/attention/hopper/variants.cuh>
#include <flashinfer/attention/scheduler.cuh>
#include <vector>

#include "fa3.hpp"
#include "fk/cuda.hpp"

namespace fk::flashinfer {

namespace fi = ::flashinfer;
using Fa3Element = cutlass::bfloat16_t;
using Fa3Variant = fi::DefaultAttention</*soft_cap=*/false>;

template <class Params>
Params fa3_params(const void* ints, const Fa3Plan& plan, const Fa3Call& c) {
  using T = Fa3Element;
  fi::PrefillPlanSM90Info info;
  info.FromVector(std::vector<int64_t>(plan.fields, plan.fields + 9));
  const auto at = [&](int64_t offset) {
    return fi::GetPtrFromBaseOffset<int32_t>(const_cast<void*>(ints), offset);
  };
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
  p.additional_params.sm_scale = c.scale;
  p.q_stride_n = c.q_row, p.q_stride_h = c.q_head;
  p.o_stride_n = c.out_row, p.o_stride_h = c.out_head;
  p.k_stride_n = c.key_token, p.k_stride_h = c.key_head;
  p.v_stride_n = c.value_token, p.v_stride_h = c.value_head;
  p.nnz_qo = c.rows;
  p.num_qo_heads = c.num_heads, p.num_kv_heads = c.num_kv_heads;
  p.group_size = c.num_heads / c.num_kv_heads;
  p.window_left = -1;
  p.causal = true;
  return p;
}

}  // namespace fk::flashinfer
