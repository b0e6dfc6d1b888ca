// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/rwkv7_feed_forward.h"

#include "../parallel.hpp"
#include "fk/structs/batch_step.h"
#include "fk/tasks/addcmul.h"
#include "fk/tasks/linear.h"
#include "fk/tasks/squared_relu.h"
#include "fk/tasks/token_shift.h"

namespace fk::composed {
namespace {

class Rwkv7FeedForward {
 public:
  Rwkv7FeedForward(Builder& b, const fk_rwkv7_feed_forward_init& i)
      : hidden_(i.hidden_size),
        intermediate_(i.intermediate_size),
        x_k_(b.param("x_k")),
        ffn_state_(b.state("ffn_state")),
        shift_(b.child<fk::TokenShift>("token_shift", {})),
        mix_(b.child<fk::Addcmul>("mix", {})),
        key_(b.child<fk::Linear>("key", {.in_features = hidden_, .out_features = intermediate_})),
        act_(b.child<fk::SquaredRelu>("act_fn", {})),
        value_(b.child<fk::Linear>("value",
                                   {.in_features = intermediate_, .out_features = hidden_})) {}

  void forward(const Run& run, const fk_rwkv7_feed_forward_args& a) const {
    const int64_t n = a.x->shape[0];
    auto xk = run.tensor(a.x->dtype, {n, hidden_});
    shift_(run, {.x = a.x, .cache = ffn_state_.get(), .delta = xk});
    mix_(run, {.x = a.x, .delta = xk, .mix = x_k_.get(), .y = xk});
    auto wide = run.tensor(a.x->dtype, {n, intermediate_});
    key_(run, {.x = xk, .y = wide});
    act_(run, {.x = wide, .y = wide});
    value_(run, {.x = wide, .y = a.y});
  }

 private:
  int64_t hidden_, intermediate_;
  Tensor x_k_, ffn_state_;
  Child<fk::TokenShift> shift_;
  Child<fk::Addcmul> mix_;
  Child<fk::Linear> key_;
  Child<fk::SquaredRelu> act_;
  Child<fk::Linear> value_;
};

FK_IMPL(fk::Rwkv7FeedForward, "composed", "1.0.0", kFlags, Rwkv7FeedForward)

}  // namespace
}  // namespace fk::composed
