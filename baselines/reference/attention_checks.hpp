// SPDX-License-Identifier: Apache-2.0
// What every implementation of the attention tasks checks of its arguments.
#pragma once
#include "checks.hpp"
#include "fk/structs/batch_step.h"
#include "fk/tasks/paged_attention.h"

namespace fk::reference {

inline void require_groups(const char* task, int64_t heads, int64_t kv_heads) {
  FK_REQUIRE(kv_heads > 0 && heads % kv_heads == 0,
             "%s: %" PRId64 " heads do not share %" PRId64 " kv heads evenly", task, heads,
             kv_heads);
}

// The shapes of a paged_attention's arguments and of the step's block table; returns the rows of q.
inline int64_t require_paged_attention(const fk_paged_attention_init& init,
                                       const fk_paged_attention_args& a,
                                       const fk_batch_step& step) {
  constexpr const char* kTask = "paged_attention";
  require_shape(kTask, "q", a.q, {kAny, init.num_heads, init.head_size});
  const int64_t n = a.q->shape[0];
  require_shape(kTask, "out", a.out, {n, init.num_heads, init.head_size});
  require_shape(kTask, "key_cache", a.key_cache, {kAny, kAny, init.num_kv_heads, init.head_size});
  require_shape(kTask, "value_cache", a.value_cache,
                {a.key_cache->shape[0], a.key_cache->shape[1], init.num_kv_heads, init.head_size});
  FK_REQUIRE(step.num_tokens == n, "%s: q has %" PRId64 " rows, the step %" PRId64 " tokens", kTask,
             n, step.num_tokens);
  require_shape(kTask, "block_table", step.block_table, {step.num_seqs, kAny});
  return n;
}

}  // namespace fk::reference
