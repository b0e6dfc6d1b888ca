// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/lora_mlp.h"

#include "../parallel.hpp"
#include "fk/structs/activation.h"
#include "fk/tasks/linear.h"
#include "fk/tasks/sigmoid.h"
#include "fk/tasks/tanh.h"

namespace fk::composed {
namespace {

class LoraMlp {
 public:
  static void supports(fk_device, int32_t, const fk_lora_mlp_init& i) {
    FK_SUPPORT(i.activation == FK_ACTIVATION_NONE || i.activation == FK_ACTIVATION_TANH ||
                   i.activation == FK_ACTIVATION_SIGMOID,
               "lora_mlp: activation must be none, tanh or sigmoid");
  }

  LoraMlp(Builder& b, const fk_lora_mlp_init& i)
      : rank_(i.low_rank_dim),
        down_(b.child<fk::Linear>("lora.0", {.in_features = i.in_features, .out_features = rank_})),
        up_(b.child<fk::Linear>(
            "lora.2", {.in_features = rank_, .out_features = i.out_features, .bias = i.bias})) {
    if (i.activation == FK_ACTIVATION_TANH) tanh_ = b.child<fk::Tanh>("lora.1", {});
    if (i.activation == FK_ACTIVATION_SIGMOID) sigmoid_ = b.child<fk::Sigmoid>("lora.1", {});
  }

  void forward(const Run& run, const fk_lora_mlp_args& a) const {
    auto low = run.tensor(a.x->dtype, {a.x->shape[0], rank_});
    down_(run, {.x = a.x, .y = low});
    if (tanh_) tanh_(run, {.x = low, .y = low});
    if (sigmoid_) sigmoid_(run, {.x = low, .y = low});
    up_(run, {.x = low, .y = a.y});
  }

 private:
  int64_t rank_;
  Child<fk::Linear> down_, up_;
  Child<fk::Tanh> tanh_;
  Child<fk::Sigmoid> sigmoid_;
};

FK_IMPL(fk::LoraMlp, "composed", "1.0.0", kFlags, LoraMlp)

}  // namespace
}  // namespace fk::composed
