// SPDX-License-Identifier: Apache-2.0
// From the task's arguments to the kernels' parameters.
#pragma once
#include <algorithm>

#include "../reference/attention_checks.hpp"
#include "common.hpp"
#include "fk/plugin.hpp"
#include "paged_attention.hpp"

namespace fk::cuda {

// Shapes, and one dtype for all; returns the rows of q.
inline int64_t require_paged_attention(const fk_paged_attention_init& init,
                                       const fk_paged_attention_args& a,
                                       const fk_batch_step& step) {
  const int64_t n = reference::require_paged_attention(init, a, step);
  for (const fk_tensor* t : {a.key_cache, a.value_cache, a.out})
    reference::require_dtype("paged_attention", t == a.out ? "out" : "a cache", t, a.q->dtype);
  return n;
}
// Whether every row of q, out and the caches can be read 16 bytes at a time.
inline bool aligned16(const fk_paged_attention_args& a) {
  return aligned16(a.q) && aligned16(a.out) && aligned16(a.key_cache) && aligned16(a.value_cache);
}

// Everything but the ALiBi slopes and singles_apart, which are the caller's to set.
inline PagedAttentionParams paged_attention_params(const fk_paged_attention_init& init,
                                                   const fk_paged_attention_args& a,
                                                   const fk_batch_step& step) {
  const Tensor q(a.q), k(a.key_cache), v(a.value_cache), out(a.out), table(step.block_table);
  PagedAttentionParams p{};
  p.q = a.q->data, p.key = a.key_cache->data, p.value = a.value_cache->data, p.out = a.out->data;
  p.q_row = q.stride(0), p.q_head = q.stride(1);
  p.out_row = out.stride(0), p.out_head = out.stride(1);
  p.key_block = k.stride(0), p.key_token = k.stride(1), p.key_head = k.stride(2);
  p.value_block = v.stride(0), p.value_token = v.stride(1), p.value_head = v.stride(2);
  p.table = table.data<int32_t>(), p.table_stride = table.stride(0);
  p.starts = Tensor(step.query_start_loc).data<int32_t>();
  p.lengths = Tensor(step.seq_lens).data<int32_t>();
  p.num_seqs = int(step.num_seqs), p.num_rows = int(q.size(0));
  p.num_kv_heads = int(init.num_kv_heads), p.group = int(init.num_heads / init.num_kv_heads);
  p.head_size = int(init.head_size), p.block_size = int(k.size(1));
  p.window =
      init.sliding_window.has ? int(std::min<int64_t>(init.sliding_window.value, 1 << 30)) : 0;
  p.scale = float(init.scale), p.soft_cap = float(init.logits_soft_cap);
  return p;
}

}  // namespace fk::cuda
