// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/attention.h"

#include "../parallel.hpp"
#include "fk/tasks/paged_attention.h"
#include "fk/tasks/rope_store_kvcache.h"
#include "fk/tasks/store_kvcache.h"

namespace fk::composed {
namespace {

class Attention {
 public:
  Attention(Builder& b, const fk_attention_init& i)
      : key_cache_(b.state("key_cache")),
        value_cache_(b.state("value_cache")),
        rope_store_(i.rotary_emb ? b.child<fk::RopeStoreKvcache>("rope_store_kvcache",
                                                                 {.rotary_emb = i.rotary_emb})
                                 : Child<fk::RopeStoreKvcache>()),
        store_(i.rotary_emb ? Child<fk::StoreKvcache>()
                            : b.child<fk::StoreKvcache>("store_kvcache", {})),
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
    if (rope_store_)
      rope_store_(run, {.positions = a.positions,
                        .q = a.q,
                        .k = a.k,
                        .v = a.v,
                        .key_cache = keys,
                        .value_cache = values});
    else
      store_(run, {.k = a.k, .v = a.v, .key_cache = keys, .value_cache = values});
    attend_(run, {.q = a.q, .key_cache = keys, .value_cache = values, .out = a.out});
  }

 private:
  Tensor key_cache_, value_cache_;
  Child<fk::RopeStoreKvcache> rope_store_;  // with rotary_emb, or
  Child<fk::StoreKvcache> store_;
  Child<fk::PagedAttention> attend_;
};

FK_IMPL(fk::Attention, "composed", "1.0.0", kFlags, Attention)

}  // namespace
}  // namespace fk::composed
