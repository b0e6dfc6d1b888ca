// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/llama_mlp.h"

#include "../parallel.hpp"
#include "fk/tasks/merged_column_parallel_linear.h"
#include "fk/tasks/row_parallel_linear.h"
#include "fk/tasks/silu_and_mul.h"

namespace fk::composed {
namespace {

class LlamaMlp {
 public:
  LlamaMlp(Builder& b, const fk_llama_mlp_init& i)
      : width_(share("intermediate_size", i.intermediate_size, i.tp_size)),
        gate_up_proj_(gate_up(b, i)),
        act_(b.child<fk::SiluAndMul>("act_fn", {})),
        down_proj_(b.child<fk::RowParallelLinear>("down_proj", {.in_features = i.intermediate_size,
                                                                .out_features = i.hidden_size,
                                                                .bias = i.bias,
                                                                .quant = i.quant,
                                                                .tp_size = i.tp_size,
                                                                .tp_rank = i.tp_rank})) {}

  void forward(const Run& run, const fk_llama_mlp_args& a) const {
    const fk_tensor& x = *a.x;
    TensorView gate_up = run.tensor(x.dtype, {x.shape[0], 2 * width_});
    TensorView h = run.tensor(x.dtype, {x.shape[0], width_});
    gate_up_proj_(run, {.x = a.x, .y = gate_up});
    act_(run, {.x = gate_up, .y = h});
    down_proj_(run, {.x = h, .y = a.y});
  }

 private:
  static Child<fk::MergedColumnParallelLinear> gate_up(Builder& b, const fk_llama_mlp_init& i) {
    const int64_t sizes[2] = {i.intermediate_size, i.intermediate_size};
    return b.child<fk::MergedColumnParallelLinear>("gate_up_proj", {.in_features = i.hidden_size,
                                                                    .output_sizes = {sizes, 2},
                                                                    .bias = i.bias,
                                                                    .quant = i.quant,
                                                                    .tp_size = i.tp_size,
                                                                    .tp_rank = i.tp_rank});
  }

  int64_t width_;
  Child<fk::MergedColumnParallelLinear> gate_up_proj_;
  Child<fk::SiluAndMul> act_;
  Child<fk::RowParallelLinear> down_proj_;
};

FK_IMPL(fk::LlamaMlp, "composed", "1.0.0", kFlags, LlamaMlp)

}  // namespace
}  // namespace fk::composed
