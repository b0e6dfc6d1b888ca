// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/llama_decoder_layer.h"

#include "../parallel.hpp"
#include "fk/tasks/llama_attention.h"
#include "fk/tasks/llama_mlp.h"
#include "fk/tasks/rms_norm.h"

namespace fk::composed {
namespace {

class LlamaDecoderLayer {
 public:
  LlamaDecoderLayer(Builder& b, const fk_llama_decoder_layer_init& i)
      : has_residual_(i.has_residual),
        input_layernorm_(b.child<fk::RmsNorm>(
            "input_layernorm", {.hidden_size = i.hidden_size, .eps = i.rms_norm_eps})),
        self_attn_(b.child<fk::LlamaAttention>("self_attn", {.hidden_size = i.hidden_size,
                                                             .num_heads = i.num_heads,
                                                             .num_kv_heads = i.num_kv_heads,
                                                             .head_dim = i.head_dim,
                                                             .qkv_bias = i.qkv_bias,
                                                             .o_bias = i.o_bias,
                                                             .qk_norm = i.qk_norm,
                                                             .rms_norm_eps = i.rms_norm_eps,
                                                             .sliding_window = i.sliding_window,
                                                             .quant = i.quant,
                                                             .tp_size = i.tp_size,
                                                             .tp_rank = i.tp_rank,
                                                             .rotary_emb = i.rotary_emb})),
        post_attention_layernorm_(b.child<fk::RmsNorm>(
            "post_attention_layernorm", {.hidden_size = i.hidden_size, .eps = i.rms_norm_eps})),
        mlp_(b.child<fk::LlamaMlp>("mlp", {.hidden_size = i.hidden_size,
                                           .intermediate_size = i.intermediate_size,
                                           .bias = i.mlp_bias,
                                           .quant = i.quant,
                                           .tp_size = i.tp_size,
                                           .tp_rank = i.tp_rank})) {}

  void forward(const Run& run, const fk_llama_decoder_layer_args& a) const {
    const fk_tensor *hidden = a.hidden_states, *residual = a.residual;
    TensorView t = run.tensor(hidden->dtype, {hidden->shape[0], hidden->shape[1]});
    if (has_residual_)
      input_layernorm_(run, {.x = hidden, .residual = residual, .y = hidden});
    else
      input_layernorm_(run, {.x = residual, .y = hidden});
    self_attn_(run, {.positions = a.positions, .hidden_states = hidden, .y = t});
    post_attention_layernorm_(run, {.x = t, .residual = residual, .y = t});
    mlp_(run, {.x = t, .y = hidden});
  }

 private:
  bool has_residual_;
  Child<fk::RmsNorm> input_layernorm_;
  Child<fk::LlamaAttention> self_attn_;
  Child<fk::RmsNorm> post_attention_layernorm_;
  Child<fk::LlamaMlp> mlp_;
};

FK_IMPL(fk::LlamaDecoderLayer, "composed", "1.0.0", kFlags, LlamaDecoderLayer)

}  // namespace
}  // namespace fk::composed
