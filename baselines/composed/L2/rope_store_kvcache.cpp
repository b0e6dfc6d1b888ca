// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/rope_store_kvcache.h"

#include "../parallel.hpp"
#include "fk/tasks/rotary_embedding.h"
#include "fk/tasks/store_kvcache.h"

namespace fk::composed {
namespace {

class RopeStoreKvcache {
 public:
  RopeStoreKvcache(Builder& b, const fk_rope_store_kvcache_init& i)
      : rotary_emb_(Child<fk::RotaryEmbedding>::borrow(i.rotary_emb)),
        store_(b.child<fk::StoreKvcache>("store_kvcache", {})) {}
  void forward(const Run& run, const fk_rope_store_kvcache_args& a) const {
    rotary_emb_(run, {.positions = a.positions, .q = a.q, .k = a.k});
    store_(run, {.k = a.k, .v = a.v, .key_cache = a.key_cache, .value_cache = a.value_cache});
  }

 private:
  Child<fk::RotaryEmbedding> rotary_emb_;
  Child<fk::StoreKvcache> store_;
};

FK_IMPL(fk::RopeStoreKvcache, "composed", "1.0.0", kFlags, RopeStoreKvcache)

}  // namespace
}  // namespace fk::composed
