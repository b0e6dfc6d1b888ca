// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/merged_column_parallel_linear.h"

#include "../parallel.hpp"
#include "fk/tasks/linear.h"

namespace fk::composed {
namespace {

class MergedColumnParallelLinear {
 public:
  MergedColumnParallelLinear(Builder& b, const fk_merged_column_parallel_linear_init& i)
      : linear_(b.child<fk::Linear>("", {.in_features = i.in_features,
                                         .out_features = rows(i),
                                         .bias = i.bias,
                                         .quant = i.quant})) {}
  void forward(const Run& run, const fk_merged_column_parallel_linear_args& a) const {
    linear_(run, {.x = a.x, .y = a.y});
  }

 private:
  static int64_t rows(const fk_merged_column_parallel_linear_init& i) {
    int64_t sum = 0;
    for (size_t s = 0; s < i.output_sizes.size; ++s)
      sum += share("output_sizes", i.output_sizes.data[s], i.tp_size);
    return sum;
  }
  Child<fk::Linear> linear_;
};

FK_IMPL(fk::MergedColumnParallelLinear, "composed", "1.0.0", kFlags, MergedColumnParallelLinear)

}  // namespace
}  // namespace fk::composed
