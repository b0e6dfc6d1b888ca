// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/linear_silu_and_mul.h"

#include "../parallel.hpp"
#include "fk/tasks/merged_column_parallel_linear.h"
#include "fk/tasks/silu_and_mul.h"

namespace fk::composed {
namespace {

class LinearSiluAndMul {
 public:
  LinearSiluAndMul(Builder& b, const fk_linear_silu_and_mul_init& i)
      : width_(share("intermediate_size", i.intermediate_size, i.tp_size)),
        gate_up_(gate_up(b, i)),
        act_(b.child<fk::SiluAndMul>("act_fn", {})) {}

  void forward(const Run& run, const fk_linear_silu_and_mul_args& a) const {
    TensorView both = run.tensor(a.x->dtype, {a.x->shape[0], 2 * width_});
    gate_up_(run, {.x = a.x, .y = both});
    act_(run, {.x = both, .y = a.y});
  }

 private:
  static Child<fk::MergedColumnParallelLinear> gate_up(Builder& b,
                                                       const fk_linear_silu_and_mul_init& i) {
    const int64_t sizes[2] = {i.intermediate_size, i.intermediate_size};
    return b.child<fk::MergedColumnParallelLinear>("", {.in_features = i.in_features,
                                                        .output_sizes = {sizes, 2},
                                                        .bias = i.bias,
                                                        .quant = i.quant,
                                                        .tp_size = i.tp_size,
                                                        .tp_rank = i.tp_rank});
  }

  int64_t width_;
  Child<fk::MergedColumnParallelLinear> gate_up_;
  Child<fk::SiluAndMul> act_;
};

FK_IMPL(fk::LinearSiluAndMul, "composed", "1.0.0", kFlags, LinearSiluAndMul)

}  // namespace
}  // namespace fk::composed
