// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/rwkv7_attention.h"

#include "../parallel.hpp"
#include "fk/structs/activation.h"
#include "fk/structs/batch_step.h"
#include "fk/tasks/fused_addcmul_rwkv7.h"
#include "fk/tasks/fused_k_rwkv7.h"
#include "fk/tasks/fused_recurrent_rwkv7.h"
#include "fk/tasks/gate_output_correction.h"
#include "fk/tasks/group_norm.h"
#include "fk/tasks/l2_norm.h"
#include "fk/tasks/lerp.h"
#include "fk/tasks/linear.h"
#include "fk/tasks/lora_mlp.h"
#include "fk/tasks/mul.h"
#include "fk/tasks/sigmoid.h"
#include "fk/tasks/token_shift.h"

namespace fk::composed {
namespace {

constexpr double kMinusInverseSqrtE =
    -0.6065306597126334;  // the strongest decay is exp(-exp(-1/2))

class Rwkv7Attention {
 public:
  Rwkv7Attention(Builder& b, const fk_rwkv7_attention_init& i)
      : hidden_(i.hidden_size),
        head_dim_(i.head_dim),
        heads_(i.hidden_size / i.head_dim),
        x_r_(b.param("x_r")),
        x_w_(b.param("x_w")),
        x_k_(b.param("x_k")),
        x_v_(b.param("x_v")),
        x_a_(b.param("x_a")),
        x_g_(b.param("x_g")),
        k_k_(b.param("k_k")),
        k_a_(b.param("k_a")),
        r_k_(b.param("r_k")),
        conv_state_(b.state("conv_state")),
        recurrent_state_(b.state("recurrent_state")),
        shift_(b.child<fk::TokenShift>("token_shift", {})),
        mix_(b.child<fk::FusedAddcmulRwkv7>("mix", {})),
        r_proj_(square(b, "r_proj")),
        k_proj_(square(b, "k_proj")),
        v_proj_(square(b, "v_proj")),
        o_proj_(square(b, "o_proj")),
        w_lora_(lora(b, "w_lora", i.decay_low_rank_dim, true, FK_ACTIVATION_TANH)),
        a_lora_(lora(b, "a_lora", i.a_low_rank_dim, true, FK_ACTIVATION_NONE)),
        g_lora_(lora(b, "g_lora", i.gate_low_rank_dim, false, FK_ACTIVATION_SIGMOID)),
        decay_(b.child<fk::Sigmoid>("decay", {.scale = kMinusInverseSqrtE})),
        sigmoid_(b.child<fk::Sigmoid>("sigmoid", {})),
        mul_(b.child<fk::Mul>("removal_key", {})),
        l2_norm_(b.child<fk::L2Norm>("l2_norm", {.dim = head_dim_})),
        fused_k_(b.child<fk::FusedKRwkv7>("fused_k", {})),
        recurrent_(b.child<fk::FusedRecurrentRwkv7>("recurrent",
                                                    {.num_heads = heads_, .head_dim = head_dim_})),
        g_norm_(b.child<fk::GroupNorm>(
            "g_norm", {.num_groups = heads_, .num_channels = hidden_, .eps = i.group_norm_eps})),
        correct_(b.child<fk::GateOutputCorrection>("gate_output_correction",
                                                   {.num_heads = heads_, .head_dim = head_dim_})) {
    if (i.first_layer) return;
    v_lora_ = lora(b, "v_lora", i.v_low_rank_dim, true, FK_ACTIVATION_NONE);
    lerp_ = b.child<fk::Lerp>("lerp", {});
  }

  void forward(const Run& run, const fk_rwkv7_attention_args& a) const {
    const fk_tensor& x = *a.hidden_states;
    const int64_t n = x.shape[0];
    auto rows = [&] { return run.tensor(x.dtype, {n, hidden_}); };
    // v_first is the caller's, and may have gaps after its rows.
    auto heads = [&](const fk_tensor* t) {
      return TensorView(t->data, x.device, x.dtype, {n, heads_, head_dim_},
                        {t->strides[0], head_dim_, 1});
    };

    auto delta = rows(), xr = rows(), xw = rows(), xk = rows(), xv = rows(), xa = rows(),
         xg = rows();
    shift_(run, {.x = &x, .cache = conv_state_.get(), .delta = delta});
    mix_(run, {.hidden_states = &x,
               .delta = delta,
               .x_r = x_r_.get(),
               .x_w = x_w_.get(),
               .x_k = x_k_.get(),
               .x_v = x_v_.get(),
               .x_a = x_a_.get(),
               .x_g = x_g_.get(),
               .xr = xr,
               .xw = xw,
               .xk = xk,
               .xv = xv,
               .xa = xa,
               .xg = xg});

    auto r = rows(), w = rows(), k = rows(), gate = rows(), g = rows();
    r_proj_(run, {.x = xr, .y = r});
    w_lora_(run, {.x = xw, .y = w});
    decay_(run, {.x = w, .y = w});
    k_proj_(run, {.x = xk, .y = k});
    a_lora_(run, {.x = xa, .y = gate});
    sigmoid_(run, {.x = gate, .y = gate});
    g_lora_(run, {.x = xg, .y = g});

    // xr, xw and xk are free from here on: their memory serves v, the mixing of v and the removal
    // key.
    const fk_tensor* v = a.v_first;
    if (v_lora_) {
      v = xr;
      v_proj_(run, {.x = xv, .y = v});
      v_lora_(run, {.x = xv, .y = xw});
      sigmoid_(run, {.x = xw, .y = xw});
      lerp_(run, {.x = v, .end = a.v_first, .weight = xw, .y = v});
    } else {
      v_proj_(run, {.x = xv, .y = v});
    }

    mul_(run, {.x = k, .y = k_k_.get(), .z = xk});
    auto kk = heads(xk);
    l2_norm_(run, {.x = kk, .y = kk});
    fused_k_(run, {.k = k, .a = gate, .k_a = k_a_.get(), .y = k});

    auto rh = heads(r), wh = heads(w), kh = heads(k), vh = heads(v), ah = heads(gate),
         oh = heads(delta);
    recurrent_(run, {.r = rh,
                     .w = wh,
                     .k = kh,
                     .v = vh,
                     .kk = kk,
                     .a = ah,
                     .state = recurrent_state_.get(),
                     .out = oh});
    TensorView channels(delta.data<void>(), x.device, x.dtype, {n, hidden_, 1});
    g_norm_(run, {.x = channels, .y = channels});
    correct_(run, {.o = delta, .r = rh, .k = kh, .r_k = r_k_.get(), .v = vh, .g = g, .y = delta});
    o_proj_(run, {.x = delta, .y = a.y});
  }

 private:
  Child<fk::Linear> square(Builder& b, const char* slot) {
    return b.child<fk::Linear>(slot, {.in_features = hidden_, .out_features = hidden_});
  }
  Child<fk::LoraMlp> lora(Builder& b, const char* slot, int64_t rank, bool bias,
                          int32_t activation) {
    return b.child<fk::LoraMlp>(slot, {.in_features = hidden_,
                                       .out_features = hidden_,
                                       .low_rank_dim = rank,
                                       .bias = bias,
                                       .activation = activation});
  }

  int64_t hidden_, head_dim_, heads_;
  Tensor x_r_, x_w_, x_k_, x_v_, x_a_, x_g_, k_k_, k_a_, r_k_, conv_state_, recurrent_state_;
  Child<fk::TokenShift> shift_;
  Child<fk::FusedAddcmulRwkv7> mix_;
  Child<fk::Linear> r_proj_, k_proj_, v_proj_, o_proj_;
  Child<fk::LoraMlp> w_lora_, a_lora_, g_lora_, v_lora_;
  Child<fk::Sigmoid> decay_, sigmoid_;
  Child<fk::Mul> mul_;
  Child<fk::L2Norm> l2_norm_;
  Child<fk::FusedKRwkv7> fused_k_;
  Child<fk::Lerp> lerp_;
  Child<fk::FusedRecurrentRwkv7> recurrent_;
  Child<fk::GroupNorm> g_norm_;
  Child<fk::GateOutputCorrection> correct_;
};

FK_IMPL(fk::Rwkv7Attention, "composed", "1.0.0", kFlags, Rwkv7Attention)

}  // namespace
}  // namespace fk::composed
