// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/addcmul.h"

#include "../elementwise.hpp"

namespace fk::reference {
namespace {

class AddcmulLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_addcmul_init&) { support_cpu(device); }
  AddcmulLoops(Builder&, const fk_addcmul_init&) {}

  void forward(const Run& run, const fk_addcmul_args& a) const {
    map_rows<3>(run, "addcmul", {{{"x", a.x}, {"delta", a.delta}, {"mix", a.mix}}}, "y", a.y,
                [](double x, double delta, double mix) { return x + delta * mix; });
  }
};

FK_IMPL(fk::Addcmul, "reference", "1.0.0", FK_IMPL_BITWISE, AddcmulLoops)

}  // namespace
}  // namespace fk::reference
