// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/all_reduce.h"

#include "../checks.hpp"

namespace fk::reference {
namespace {

// The sum over one rank is the tensor itself.
class AllReduceOfOne {
 public:
  static void supports(fk_device device, int32_t, const fk_all_reduce_init& i) {
    support_cpu(device);
    FK_SUPPORT(i.tp_size == 1,
               "sums over %" PRId64
               " ranks need the service fk.comm/1, which this host does not offer",
               i.tp_size);
  }
  AllReduceOfOne(Builder&, const fk_all_reduce_init&) {}
  void forward(const Run&, const fk_all_reduce_args& a) const {
    require_shape("all_reduce", "x", a.x, {kAny, kAny});
  }
};

FK_IMPL(fk::AllReduce, "reference", "1.0.0", FK_IMPL_BITWISE, AllReduceOfOne)

}  // namespace
}  // namespace fk::reference
