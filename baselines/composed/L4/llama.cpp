// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/llama.h"

#include <string>
#include <vector>

#include "../parallel.hpp"
#include "fk/tasks/index_select.h"
#include "fk/tasks/llama_decoder_layer.h"
#include "fk/tasks/parallel_lm_head.h"
#include "fk/tasks/rms_norm.h"
#include "fk/tasks/rotary_embedding.h"
#include "fk/tasks/vocab_parallel_embedding.h"

namespace fk::composed {
namespace {

class Llama {
 public:
  static void supports(fk_device, int32_t, const fk_llama_init& i) {
    FK_SUPPORT(i.tp_size == 1, "logits split over %" PRId64 " ranks need an all_gather task",
               i.tp_size);
  }

  Llama(Builder& b, const fk_llama_init& i)
      : hidden_size_(i.hidden_size),
        dtype_(i.dtype),
        residual_dtype_(i.fp32_residual && i.dtype.bits < 32 ? kFloat32 : i.dtype),
        embed_tokens_(b.child<fk::VocabParallelEmbedding>("model.embed_tokens",
                                                          {.num_embeddings = i.vocab_size,
                                                           .embedding_dim = i.hidden_size,
                                                           .quant = i.embedding_quant,
                                                           .tp_size = i.tp_size,
                                                           .tp_rank = i.tp_rank})),
        rotary_emb_(rotary(b, i)) {
    for (int64_t l = 0; l < i.num_hidden_layers; ++l) layers_.push_back(layer(b, i, l));
    norm_ =
        b.child<fk::RmsNorm>("model.norm", {.hidden_size = i.hidden_size, .eps = i.rms_norm_eps});
    select_ = b.child<fk::IndexSelect>("logits_indices", {});
    lm_head_ = b.child<fk::ParallelLmHead>(
        "lm_head", {.num_embeddings = i.vocab_size,
                    .embedding_dim = i.hidden_size,
                    .quant = i.tie_word_embeddings ? i.embedding_quant : i.lm_head_quant,
                    .tp_size = i.tp_size,
                    .tp_rank = i.tp_rank});
  }

  void forward(const Run& run, const fk_llama_args& a) const {
    const int64_t n = a.input_ids->shape[0], m = a.logits_indices->shape[0];
    TensorView hidden = run.tensor(dtype_, {n, hidden_size_});
    TensorView residual = run.tensor(residual_dtype_, {n, hidden_size_});
    TensorView rows = run.tensor(dtype_, {m, hidden_size_});
    embed_tokens_(run, {.ids = a.input_ids, .y = residual});
    for (const auto& layer : layers_)
      layer(run, {.positions = a.positions, .hidden_states = hidden, .residual = residual});
    norm_(run, {.x = hidden, .residual = residual, .y = hidden});
    // The head is the dearest linear of a small model: only the rows asked for go through it.
    select_(run, {.x = hidden, .index = a.logits_indices, .y = rows});
    lm_head_(run, {.x = rows, .logits = a.logits});
  }

 private:
  static int64_t head_dim(const fk_llama_init& i) {
    return i.head_dim.has ? i.head_dim.value : i.hidden_size / i.num_attention_heads;
  }

  // One instance for all layers: its tables are shared.
  static Child<fk::RotaryEmbedding> rotary(Builder& b, const fk_llama_init& i) {
    return b.child<fk::RotaryEmbedding>(
        "model.rotary_emb",
        {.head_size = head_dim(i),
         .rotary_dim = head_dim(i),
         .max_position_embeddings = i.max_position_embeddings,
         .base = i.rope_theta,
         .rope_type = i.rope_type,
         .factor = i.rope_factor,
         .low_freq_factor = i.rope_low_freq_factor,
         .high_freq_factor = i.rope_high_freq_factor,
         .original_max_position_embeddings = i.rope_original_max_position_embeddings});
  }

  Child<fk::LlamaDecoderLayer> layer(Builder& b, const fk_llama_init& i, int64_t index) const {
    return b.child<fk::LlamaDecoderLayer>(
        "model.layers." + std::to_string(index),
        {.hidden_size = i.hidden_size,
         .intermediate_size = i.intermediate_size,
         .num_heads = i.num_attention_heads,
         .num_kv_heads =
             i.num_key_value_heads.has ? i.num_key_value_heads.value : i.num_attention_heads,
         .head_dim = head_dim(i),
         .qkv_bias = i.qkv_bias,
         .o_bias = i.o_bias,
         .mlp_bias = i.mlp_bias,
         .qk_norm = i.qk_norm,
         .rms_norm_eps = i.rms_norm_eps,
         .sliding_window = i.sliding_window,
         .has_residual = index > 0,
         .quant = i.quant,
         .tp_size = i.tp_size,
         .tp_rank = i.tp_rank,
         .rotary_emb = rotary_emb_.get()});
  }

  int64_t hidden_size_;
  fk_dtype dtype_, residual_dtype_;
  Child<fk::VocabParallelEmbedding> embed_tokens_;
  Child<fk::RotaryEmbedding> rotary_emb_;
  std::vector<Child<fk::LlamaDecoderLayer>> layers_;
  Child<fk::RmsNorm> norm_;
  Child<fk::IndexSelect> select_;
  Child<fk::ParallelLmHead> lm_head_;
};

FK_IMPL(fk::Llama, "composed", "1.0.0", kFlags, Llama)

}  // namespace
}  // namespace fk::composed
