// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/column_parallel_linear.h"

#include "../parallel.hpp"
#include "fk/tasks/linear.h"

namespace fk::composed {
namespace {

class ColumnParallelLinear {
 public:
  ColumnParallelLinear(Builder& b, const fk_column_parallel_linear_init& i)
      : linear_(b.child<fk::Linear>(
            "", {.in_features = i.in_features,
                 .out_features = share("out_features", i.out_features, i.tp_size),
                 .bias = i.bias,
                 .quant = i.quant})) {}
  void forward(const Run& run, const fk_column_parallel_linear_args& a) const {
    linear_(run, {.x = a.x, .y = a.y});
  }

 private:
  Child<fk::Linear> linear_;
};

FK_IMPL(fk::ColumnParallelLinear, "composed", "1.0.0", kFlags, ColumnParallelLinear)

}  // namespace
}  // namespace fk::composed
