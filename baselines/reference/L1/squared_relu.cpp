// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/squared_relu.h"

#include "../elementwise.hpp"

namespace fk::reference {
namespace {

class SquaredReluLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_squared_relu_init&) {
    support_cpu(device);
  }
  SquaredReluLoops(Builder&, const fk_squared_relu_init&) {}

  void forward(const Run& run, const fk_squared_relu_args& a) const {
    map_rows(run, "squared_relu", a.x, a.y, [](double x) { return x > 0 ? x * x : 0.0; });
  }
};

FK_IMPL(fk::SquaredRelu, "reference", "1.0.0", FK_IMPL_BITWISE, SquaredReluLoops)

}  // namespace
}  // namespace fk::reference
