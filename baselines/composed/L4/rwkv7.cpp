// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/rwkv7.h"

#include <string>
#include <vector>

#include "../parallel.hpp"
#include "fk/structs/batch_step.h"
#include "fk/tasks/embedding.h"
#include "fk/tasks/index_select.h"
#include "fk/tasks/layer_norm.h"
#include "fk/tasks/parallel_lm_head.h"
#include "fk/tasks/rwkv7_block.h"

namespace fk::composed {
namespace {

class Rwkv7 {
 public:
  Rwkv7(Builder& b, const fk_rwkv7_init& i)
      : hidden_(i.hidden_size),
        dtype_(i.dtype),
        embeddings_(b.child<fk::Embedding>(
            "model.embeddings", {.num_embeddings = i.vocab_size, .embedding_dim = hidden_})) {
    for (int64_t layer = 0; layer < i.num_hidden_layers; ++layer)
      layers_.push_back(b.child<fk::Rwkv7Block>("model.layers." + std::to_string(layer),
                                                {.hidden_size = hidden_,
                                                 .intermediate_size = i.intermediate_size,
                                                 .head_dim = i.head_dim,
                                                 .decay_low_rank_dim = i.decay_low_rank_dim,
                                                 .gate_low_rank_dim = i.gate_low_rank_dim,
                                                 .a_low_rank_dim = i.a_low_rank_dim,
                                                 .v_low_rank_dim = i.v_low_rank_dim,
                                                 .norm_eps = i.norm_eps,
                                                 .group_norm_eps = i.group_norm_eps,
                                                 .norm_bias = i.norm_bias,
                                                 .first_layer = layer == 0}));
    norm_ = b.child<fk::LayerNorm>(
        "model.norm", {.hidden_size = hidden_, .eps = i.norm_eps, .bias = i.norm_bias});
    select_ = b.child<fk::IndexSelect>("logits_indices", {});
    lm_head_ = b.child<fk::ParallelLmHead>(
        "lm_head", {.num_embeddings = i.vocab_size, .embedding_dim = hidden_});
  }

  void forward(const Run& run, const fk_rwkv7_args& a) const {
    const int64_t n = a.input_ids->shape[0], m = a.logits_indices->shape[0];
    auto hidden = run.tensor(dtype_, {n, hidden_}), residual = run.tensor(dtype_, {n, hidden_}),
         v_first = run.tensor(dtype_, {n, hidden_});
    auto rows = run.tensor(dtype_, {m, hidden_});
    embeddings_(run, {.ids = a.input_ids, .y = residual});
    for (const auto& layer : layers_)
      layer(run, {.hidden_states = hidden, .residual = residual, .v_first = v_first});
    norm_(run, {.x = hidden, .residual = residual, .y = hidden});
    select_(run, {.x = hidden, .index = a.logits_indices, .y = rows});
    lm_head_(run, {.x = rows, .logits = a.logits});
  }

 private:
  int64_t hidden_;
  fk_dtype dtype_;
  Child<fk::Embedding> embeddings_;
  std::vector<Child<fk::Rwkv7Block>> layers_;
  Child<fk::LayerNorm> norm_;
  Child<fk::IndexSelect> select_;
  Child<fk::ParallelLmHead> lm_head_;
};

FK_IMPL(fk::Rwkv7, "composed", "1.0.0", kFlags, Rwkv7)

}  // namespace
}  // namespace fk::composed
