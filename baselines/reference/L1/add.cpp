// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/add.h"

#include "../elementwise.hpp"

namespace fk::reference {
namespace {

class AddLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_add_init&) { support_cpu(device); }
  AddLoops(Builder&, const fk_add_init&) {}

  void forward(const Run& run, const fk_add_args& a) const {
    map_rows<2>(run, "add", {{{"x", a.x}, {"y", a.y}}}, "z", a.z,
                [](double x, double y) { return x + y; });
  }
};

FK_IMPL(fk::Add, "reference", "1.0.0", FK_IMPL_BITWISE, AddLoops)

}  // namespace
}  // namespace fk::reference
