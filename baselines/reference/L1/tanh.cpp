// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/tanh.h"

#include "../elementwise.hpp"

namespace fk::reference {
namespace {

class TanhLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_tanh_init&) { support_cpu(device); }
  TanhLoops(Builder&, const fk_tanh_init&) {}

  void forward(const Run& run, const fk_tanh_args& a) const {
    map_rows(run, "tanh", a.x, a.y, [](double x) { return std::tanh(x); });
  }
};

FK_IMPL(fk::Tanh, "reference", "1.0.0", FK_IMPL_BITWISE, TanhLoops)

}  // namespace
}  // namespace fk::reference
