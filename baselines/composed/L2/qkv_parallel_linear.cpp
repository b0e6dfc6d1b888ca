// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/qkv_parallel_linear.h"

#include "../parallel.hpp"
#include "fk/tasks/linear.h"

namespace fk::composed {
namespace {

class QkvParallelLinear {
 public:
  QkvParallelLinear(Builder& b, const fk_qkv_parallel_linear_init& i)
      : linear_(b.child<fk::Linear>("", {.in_features = i.hidden_size,
                                         .out_features = heads(i) * i.head_size,
                                         .bias = i.bias,
                                         .quant = i.quant})) {}
  void forward(const Run& run, const fk_qkv_parallel_linear_args& a) const {
    linear_(run, {.x = a.x, .y = a.y});
  }

 private:
  static int64_t heads(const fk_qkv_parallel_linear_init& i) {
    return share("total_num_heads", i.total_num_heads, i.tp_size) +
           2 * share("total_num_kv_heads", i.total_num_kv_heads, i.tp_size);
  }
  Child<fk::Linear> linear_;
};

FK_IMPL(fk::QkvParallelLinear, "composed", "1.0.0", kFlags, QkvParallelLinear)

}  // namespace
}  // namespace fk::composed
