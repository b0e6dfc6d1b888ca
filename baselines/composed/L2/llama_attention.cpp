// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/llama_attention.h"

#include <cmath>

#include "../parallel.hpp"
#include "fk/tasks/attention.h"
#include "fk/tasks/qkv_parallel_linear.h"
#include "fk/tasks/rms_norm.h"
#include "fk/tasks/row_parallel_linear.h"

namespace fk::composed {
namespace {

class LlamaAttention {
 public:
  LlamaAttention(Builder& b, const fk_llama_attention_init& i)
      : heads_(share("num_heads", i.num_heads, i.tp_size)),
        kv_heads_(share("num_kv_heads", i.num_kv_heads, i.tp_size)),
        head_dim_(i.head_dim),
        qkv_proj_(b.child<fk::QkvParallelLinear>("qkv_proj", {.hidden_size = i.hidden_size,
                                                              .head_size = i.head_dim,
                                                              .total_num_heads = i.num_heads,
                                                              .total_num_kv_heads = i.num_kv_heads,
                                                              .bias = i.qkv_bias,
                                                              .quant = i.quant,
                                                              .tp_size = i.tp_size,
                                                              .tp_rank = i.tp_rank})),
        attn_(b.child<fk::Attention>("attn", {.num_heads = heads_,
                                              .num_kv_heads = kv_heads_,
                                              .head_size = i.head_dim,
                                              .scale = 1 / std::sqrt(double(i.head_dim)),
                                              .sliding_window = i.sliding_window,
                                              .rotary_emb = i.rotary_emb})),
        o_proj_(b.child<fk::RowParallelLinear>("o_proj", {.in_features = i.num_heads * i.head_dim,
                                                          .out_features = i.hidden_size,
                                                          .bias = i.o_bias,
                                                          .quant = i.quant,
                                                          .tp_size = i.tp_size,
                                                          .tp_rank = i.tp_rank})) {
    FK_REQUIRE(i.rotary_emb, "rotary_emb is NULL");
    if (!i.qk_norm) return;
    const fk_rms_norm_init norm{.hidden_size = i.head_dim, .eps = i.rms_norm_eps};
    q_norm_ = b.child<fk::RmsNorm>("q_norm", norm);
    k_norm_ = b.child<fk::RmsNorm>("k_norm", norm);
  }

  void forward(const Run& run, const fk_llama_attention_args& a) const {
    const fk_tensor& x = *a.hidden_states;
    const int64_t n = x.shape[0];
    TensorView qkv = run.tensor(x.dtype, {n, (heads_ + 2 * kv_heads_) * head_dim_});
    TensorView q = heads_of(qkv, 0, heads_, head_dim_);
    TensorView k = heads_of(qkv, heads_ * head_dim_, kv_heads_, head_dim_);
    TensorView v = heads_of(qkv, (heads_ + kv_heads_) * head_dim_, kv_heads_, head_dim_);
    TensorView out = run.tensor(x.dtype, {n, heads_, head_dim_});
    qkv_proj_(run, {.x = a.hidden_states, .y = qkv});
    if (q_norm_) {
      q_norm_(run, {.x = q, .y = q});
      k_norm_(run, {.x = k, .y = k});
    }
    attn_(run, {.positions = a.positions, .q = q, .k = k, .v = v, .out = out});
    o_proj_(run, {.x = flat(out, heads_ * head_dim_), .y = a.y});
  }

 private:
  int64_t heads_, kv_heads_, head_dim_;
  Child<fk::QkvParallelLinear> qkv_proj_;
  Child<fk::RmsNorm> q_norm_, k_norm_;
  Child<fk::Attention> attn_;
  Child<fk::RowParallelLinear> o_proj_;
};

FK_IMPL(fk::LlamaAttention, "composed", "1.0.0", kFlags, LlamaAttention)

}  // namespace
}  // namespace fk::composed
