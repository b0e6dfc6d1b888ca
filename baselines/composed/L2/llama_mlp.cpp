// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/llama_mlp.h"

#include "../parallel.hpp"
#include "fk/tasks/linear_silu_and_mul.h"
#include "fk/tasks/row_parallel_linear.h"

namespace fk::composed {
namespace {

class LlamaMlp {
 public:
  LlamaMlp(Builder& b, const fk_llama_mlp_init& i)
      : width_(share("intermediate_size", i.intermediate_size, i.tp_size)),
        gate_up_proj_(
            b.child<fk::LinearSiluAndMul>("gate_up_proj", {.in_features = i.hidden_size,
                                                           .intermediate_size = i.intermediate_size,
                                                           .bias = i.bias,
                                                           .quant = i.quant,
                                                           .tp_size = i.tp_size,
                                                           .tp_rank = i.tp_rank})),
        down_proj_(b.child<fk::RowParallelLinear>("down_proj", {.in_features = i.intermediate_size,
                                                                .out_features = i.hidden_size,
                                                                .bias = i.bias,
                                                                .quant = i.quant,
                                                                .tp_size = i.tp_size,
                                                                .tp_rank = i.tp_rank})) {}

  void forward(const Run& run, const fk_llama_mlp_args& a) const {
    TensorView h = run.tensor(a.x->dtype, {a.x->shape[0], width_});
    gate_up_proj_(run, {.x = a.x, .y = h});
    down_proj_(run, {.x = h, .y = a.y});
  }

 private:
  int64_t width_;
  Child<fk::LinearSiluAndMul> gate_up_proj_;
  Child<fk::RowParallelLinear> down_proj_;
};

FK_IMPL(fk::LlamaMlp, "composed", "1.0.0", kFlags, LlamaMlp)

}  // namespace
}  // namespace fk::composed
