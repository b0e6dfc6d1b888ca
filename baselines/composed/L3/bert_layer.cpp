// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/bert_layer.h"

#include "../parallel.hpp"
#include "fk/tasks/encoder_attention.h"
#include "fk/tasks/encoder_intermediate.h"
#include "fk/tasks/encoder_output.h"

namespace fk::composed {
namespace {

class BertLayer {
 public:
  BertLayer(Builder& b, const fk_bert_layer_init& i)
      : intermediate_size_(i.intermediate_size),
        attention_(
            b.child<fk::EncoderAttention>("attention", {.hidden_size = i.hidden_size,
                                                        .num_heads = i.num_heads,
                                                        .layer_norm_eps = i.layer_norm_eps})),
        intermediate_(b.child<fk::EncoderIntermediate>("intermediate",
                                                       {.hidden_size = i.hidden_size,
                                                        .intermediate_size = i.intermediate_size,
                                                        .approximate = i.approximate})),
        output_(b.child<fk::EncoderOutput>("output", {.hidden_size = i.hidden_size,
                                                      .intermediate_size = i.intermediate_size,
                                                      .layer_norm_eps = i.layer_norm_eps})) {}

  void forward(const Run& run, const fk_bert_layer_args& a) const {
    const fk_tensor& x = *a.hidden_states;
    auto attended = run.tensor(x.dtype, {x.shape[0], x.shape[1]});
    attention_(run, {.hidden_states = &x, .y = attended});
    auto wide = run.tensor(x.dtype, {x.shape[0], intermediate_size_});
    intermediate_(run, {.x = attended, .y = wide});
    output_(run, {.x = wide, .input_tensor = attended, .y = a.y});
  }

 private:
  int64_t intermediate_size_;
  Child<fk::EncoderAttention> attention_;
  Child<fk::EncoderIntermediate> intermediate_;
  Child<fk::EncoderOutput> output_;
};

FK_IMPL(fk::BertLayer, "composed", "1.0.0", kFlags, BertLayer)

}  // namespace
}  // namespace fk::composed
