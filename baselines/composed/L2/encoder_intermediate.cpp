// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/encoder_intermediate.h"

#include "../parallel.hpp"
#include "fk/tasks/gelu.h"
#include "fk/tasks/linear.h"

namespace fk::composed {
namespace {

class EncoderIntermediate {
 public:
  EncoderIntermediate(Builder& b, const fk_encoder_intermediate_init& i)
      : dense_(b.child<fk::Linear>(
            "dense",
            {.in_features = i.hidden_size, .out_features = i.intermediate_size, .bias = true})),
        act_(b.child<fk::Gelu>("intermediate_act_fn", {.approximate = i.approximate})) {}

  void forward(const Run& run, const fk_encoder_intermediate_args& a) const {
    dense_(run, {.x = a.x, .y = a.y});
    act_(run, {.x = a.y, .y = a.y});
  }

 private:
  Child<fk::Linear> dense_;
  Child<fk::Gelu> act_;
};

FK_IMPL(fk::EncoderIntermediate, "composed", "1.0.0", kFlags, EncoderIntermediate)

}  // namespace
}  // namespace fk::composed
