// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/mul.h"

#include "../elementwise.hpp"

namespace fk::reference {
namespace {

class MulLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_mul_init&) { support_cpu(device); }
  MulLoops(Builder&, const fk_mul_init&) {}

  void forward(const Run& run, const fk_mul_args& a) const {
    map_rows<2>(run, "mul", {{{"x", a.x}, {"y", a.y}}}, "z", a.z,
                [](double x, double y) { return x * y; });
  }
};

FK_IMPL(fk::Mul, "reference", "1.0.0", FK_IMPL_BITWISE, MulLoops)

}  // namespace
}  // namespace fk::reference
