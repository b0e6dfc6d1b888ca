// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/row_parallel_linear.h"

#include "../parallel.hpp"
#include "fk/tasks/all_reduce.h"
#include "fk/tasks/linear.h"

namespace fk::composed {
namespace {

class RowParallelLinear {
 public:
  RowParallelLinear(Builder& b, const fk_row_parallel_linear_init& i)
      : linear_(
            b.child<fk::Linear>("", {.in_features = share("in_features", i.in_features, i.tp_size),
                                     .out_features = i.out_features,
                                     // The sum over the ranks must hold the bias once.
                                     .bias = uint8_t(i.bias && i.tp_rank == 0),
                                     .quant = i.quant})) {
    if (i.reduce_results && i.tp_size > 1)
      reduce_ = b.child<fk::AllReduce>("all_reduce", {.tp_size = i.tp_size});
  }
  void forward(const Run& run, const fk_row_parallel_linear_args& a) const {
    linear_(run, {.x = a.x, .y = a.y});
    if (reduce_) reduce_(run, {.x = a.y});
  }

 private:
  Child<fk::Linear> linear_;
  Child<fk::AllReduce> reduce_;
};

FK_IMPL(fk::RowParallelLinear, "composed", "1.0.0", kFlags, RowParallelLinear)

}  // namespace
}  // namespace fk::composed
