// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/encoder_attention.h"

#include <cmath>

#include "../parallel.hpp"
#include "fk/tasks/flash_attn_varlen.h"
#include "fk/tasks/layer_norm.h"
#include "fk/tasks/linear.h"
#include "fk/tasks/qkv_parallel_linear.h"

namespace fk::composed {
namespace {

class EncoderAttention {
 public:
  EncoderAttention(Builder& b, const fk_encoder_attention_init& i)
      : hidden_(i.hidden_size),
        heads_(i.num_heads),
        head_size_(head_size(i)),
        qkv_proj_(b.child<fk::QkvParallelLinear>("self.qkv_proj", {.hidden_size = hidden_,
                                                                   .head_size = head_size_,
                                                                   .total_num_heads = heads_,
                                                                   .total_num_kv_heads = heads_,
                                                                   .bias = true})),
        attention_(b.child<fk::FlashAttnVarlen>("self.attention",
                                                {.num_heads = heads_,
                                                 .num_kv_heads = heads_,
                                                 .head_size = head_size_,
                                                 .scale = 1.0 / std::sqrt(double(head_size_))})),
        dense_(b.child<fk::Linear>(
            "output.dense", {.in_features = hidden_, .out_features = hidden_, .bias = true})),
        norm_(b.child<fk::LayerNorm>("output.LayerNorm",
                                     {.hidden_size = hidden_, .eps = i.layer_norm_eps})) {}

  void forward(const Run& run, const fk_encoder_attention_args& a) const {
    const fk_tensor& x = *a.hidden_states;
    const int64_t n = x.shape[0];
    TensorView qkv = run.tensor(x.dtype, {n, 3 * hidden_});
    qkv_proj_(run, {.x = &x, .y = qkv});
    TensorView q = heads_of(qkv, 0, heads_, head_size_);
    TensorView k = heads_of(qkv, hidden_, heads_, head_size_);
    TensorView v = heads_of(qkv, 2 * hidden_, heads_, head_size_);
    TensorView out = run.tensor(x.dtype, {n, heads_, head_size_});
    attention_(run, {.q = q, .k = k, .v = v, .out = out});
    TensorView rows = flat(out, hidden_);
    // The norm's residual is updated in place: the fresh matrix takes that part, so that
    // hidden_states stays as it is.
    TensorView sum = run.tensor(x.dtype, {n, hidden_});
    dense_(run, {.x = rows, .y = sum});
    norm_(run, {.x = &x, .residual = sum, .y = a.y});
  }

 private:
  static int64_t head_size(const fk_encoder_attention_init& i) {
    FK_REQUIRE(i.num_heads > 0 && i.hidden_size % i.num_heads == 0,
               "encoder_attention: hidden_size %lld is no multiple of num_heads %lld",
               static_cast<long long>(i.hidden_size), static_cast<long long>(i.num_heads));
    return i.hidden_size / i.num_heads;
  }

  int64_t hidden_, heads_, head_size_;
  Child<fk::QkvParallelLinear> qkv_proj_;
  Child<fk::FlashAttnVarlen> attention_;
  Child<fk::Linear> dense_;
  Child<fk::LayerNorm> norm_;
};

FK_IMPL(fk::EncoderAttention, "composed", "1.0.0", kFlags, EncoderAttention)

}  // namespace
}  // namespace fk::composed
