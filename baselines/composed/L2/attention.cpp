// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/attention.h"

#include "../parallel.hpp"
#include "../store_step.hpp"
#include "fk/tasks/paged_attention.h"

namespace fk::composed {
namespace {

class Attention {
 public:
  Attention(Builder& b, const fk_attention_init& i)
      : key_cache_(b.state("key_cache")),
        value_cache_(b.state("value_cache")),
        store_(b, i),
        // The parent's path: ALiBi slopes are a param of this attention.
        attend_(b.child<fk::PagedAttention>("", {.num_heads = i.num_heads,
                                                 .num_kv_heads = i.num_kv_heads,
                                                 .head_size = i.head_size,
                                                 .scale = i.scale,
                                                 .sliding_window = i.sliding_window,
                                                 .logits_soft_cap = i.logits_soft_cap,
                                                 .alibi = i.alibi})) {}
  void forward(const Run& run, const fk_attention_args& a) const {
    const fk_tensor *keys = key_cache_.get(), *values = value_cache_.get();
    store_(run, a, keys, values);
    attend_(run, {.q = a.q, .key_cache = keys, .value_cache = values, .out = a.out});
  }

 private:
  Tensor key_cache_, value_cache_;
  StoreStep store_;
  Child<fk::PagedAttention> attend_;
};

FK_IMPL(fk::Attention, "composed", "1.0.0", kFlags, Attention)

}  // namespace
}  // namespace fk::composed
