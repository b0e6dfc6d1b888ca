// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/rwkv7_block.h"

#include "../parallel.hpp"
#include "fk/structs/batch_step.h"
#include "fk/tasks/layer_norm.h"
#include "fk/tasks/rwkv7_attention.h"
#include "fk/tasks/rwkv7_feed_forward.h"

namespace fk::composed {
namespace {

class Rwkv7Block {
 public:
  Rwkv7Block(Builder& b, const fk_rwkv7_block_init& i)
      : attn_norm_(norm(b, "attn_norm", i)),
        attn_(b.child<fk::Rwkv7Attention>("attn", {.hidden_size = i.hidden_size,
                                                   .head_dim = i.head_dim,
                                                   .decay_low_rank_dim = i.decay_low_rank_dim,
                                                   .gate_low_rank_dim = i.gate_low_rank_dim,
                                                   .a_low_rank_dim = i.a_low_rank_dim,
                                                   .v_low_rank_dim = i.v_low_rank_dim,
                                                   .group_norm_eps = i.group_norm_eps,
                                                   .first_layer = i.first_layer})),
        ffn_norm_(norm(b, "ffn_norm", i)),
        ffn_(b.child<fk::Rwkv7FeedForward>(
            "ffn", {.hidden_size = i.hidden_size, .intermediate_size = i.intermediate_size})) {
    if (i.first_layer) pre_norm_ = norm(b, "pre_norm", i);
  }

  void forward(const Run& run, const fk_rwkv7_block_args& a) const {
    const fk_tensor& h = *a.hidden_states;
    auto normed = run.tensor(h.dtype, {h.shape[0], h.shape[1]});
    if (pre_norm_) {
      pre_norm_(run, {.x = a.residual, .y = a.residual});
      attn_norm_(run, {.x = a.residual, .y = normed});
    } else {
      attn_norm_(run, {.x = &h, .residual = a.residual, .y = normed});
    }
    attn_(run, {.hidden_states = normed, .v_first = a.v_first, .y = &h});
    ffn_norm_(run, {.x = &h, .residual = a.residual, .y = normed});
    ffn_(run, {.x = normed, .y = &h});
  }

 private:
  static Child<fk::LayerNorm> norm(Builder& b, const char* slot, const fk_rwkv7_block_init& i) {
    return b.child<fk::LayerNorm>(
        slot, {.hidden_size = i.hidden_size, .eps = i.norm_eps, .bias = i.norm_bias});
  }

  Child<fk::LayerNorm> attn_norm_;
  Child<fk::Rwkv7Attention> attn_;
  Child<fk::LayerNorm> ffn_norm_;
  Child<fk::Rwkv7FeedForward> ffn_;
  Child<fk::LayerNorm> pre_norm_;
};

FK_IMPL(fk::Rwkv7Block, "composed", "1.0.0", kFlags, Rwkv7Block)

}  // namespace
}  // namespace fk::composed
