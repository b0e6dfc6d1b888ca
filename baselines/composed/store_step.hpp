// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "fk/plugin.hpp"
#include "fk/tasks/attention.h"
#include "fk/tasks/rope_store_kvcache.h"
#include "fk/tasks/store_kvcache.h"

namespace fk::composed {

// An attention's first step: its keys and values into the cache; with rotary_emb, its queries and
// keys turned on the way.
class StoreStep {
 public:
  StoreStep() = default;
  StoreStep(Builder& b, const fk_attention_init& i)
      : rope_store_(i.rotary_emb ? b.child<fk::RopeStoreKvcache>("rope_store_kvcache",
                                                                 {.rotary_emb = i.rotary_emb})
                                 : Child<fk::RopeStoreKvcache>()),
        store_(i.rotary_emb ? Child<fk::StoreKvcache>()
                            : b.child<fk::StoreKvcache>("store_kvcache", {})) {}
  void operator()(const Run& run, const fk_attention_args& a, const fk_tensor* key_cache,
                  const fk_tensor* value_cache) const {
    if (rope_store_)
      rope_store_(run, {.positions = a.positions,
                        .q = a.q,
                        .k = a.k,
                        .v = a.v,
                        .key_cache = key_cache,
                        .value_cache = value_cache});
    else
      store_(run, {.k = a.k, .v = a.v, .key_cache = key_cache, .value_cache = value_cache});
  }

 private:
  Child<fk::RopeStoreKvcache> rope_store_;  // or
  Child<fk::StoreKvcache> store_;
};

}  // namespace fk::composed
