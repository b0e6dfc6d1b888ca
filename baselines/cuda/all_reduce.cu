// SPDX-License-Identifier: Apache-2.0
#include "common.hpp"
#include "fk/tasks/all_reduce.h"

namespace fk::cuda {
namespace {

// The sum over one rank is the tensor itself.
class AllReduceOfOne {
 public:
  static void supports(fk_device device, int32_t sm, const fk_all_reduce_init& i) {
    support_cuda(device, sm, 80);
    FK_SUPPORT(i.tp_size == 1, "sums over %" PRId64 " ranks need a communicator", i.tp_size);
  }
  AllReduceOfOne(Builder&, const fk_all_reduce_init&) {}
  void forward(const Run&, const fk_all_reduce_args& a) const {
    require_shape("all_reduce", "x", a.x, {kAny, kAny});
  }
};

FK_IMPL(fk::AllReduce, "cuda", "1.0.0", kFlags, AllReduceOfOne)

}  // namespace
}  // namespace fk::cuda
