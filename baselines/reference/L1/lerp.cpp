// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/lerp.h"

#include "../elementwise.hpp"

namespace fk::reference {
namespace {

class LerpLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_lerp_init&) { support_cpu(device); }
  LerpLoops(Builder&, const fk_lerp_init&) {}

  void forward(const Run& run, const fk_lerp_args& a) const {
    map_rows<3>(run, "lerp", {{{"x", a.x}, {"end", a.end}, {"weight", a.weight}}}, "y", a.y,
                [](double x, double end, double weight) { return x + weight * (end - x); });
  }
};

FK_IMPL(fk::Lerp, "reference", "1.0.0", FK_IMPL_BITWISE, LerpLoops)

}  // namespace
}  // namespace fk::reference
