// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/encoder_output.h"

#include "../parallel.hpp"
#include "fk/tasks/layer_norm.h"
#include "fk/tasks/linear.h"

namespace fk::composed {
namespace {

class EncoderOutput {
 public:
  EncoderOutput(Builder& b, const fk_encoder_output_init& i)
      : dense_(b.child<fk::Linear>(
            "dense",
            {.in_features = i.intermediate_size, .out_features = i.hidden_size, .bias = true})),
        norm_(b.child<fk::LayerNorm>("LayerNorm",
                                     {.hidden_size = i.hidden_size, .eps = i.layer_norm_eps})) {}

  void forward(const Run& run, const fk_encoder_output_args& a) const {
    const fk_tensor& y = *a.y;
    auto sum = run.tensor(y.dtype, {y.shape[0], y.shape[1]});
    dense_(run, {.x = a.x, .y = sum});
    norm_(run, {.x = a.input_tensor, .residual = sum, .y = &y});
  }

 private:
  Child<fk::Linear> dense_;
  Child<fk::LayerNorm> norm_;
};

FK_IMPL(fk::EncoderOutput, "composed", "1.0.0", kFlags, EncoderOutput)

}  // namespace
}  // namespace fk::composed
