// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/gelu.h"

#include <numbers>

#include "../elementwise.hpp"
#include "fk/structs/gelu_approximate.h"

namespace fk::reference {
namespace {

class GeluLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_gelu_init&) { support_cpu(device); }
  GeluLoops(Builder&, const fk_gelu_init& i) : tanh_(i.approximate == FK_GELU_APPROXIMATE_TANH) {}

  void forward(const Run& run, const fk_gelu_args& a) const {
    if (tanh_)
      map_rows(run, "gelu", a.x, a.y, [](double x) {
        return 0.5 * x *
               (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
      });
    else
      map_rows(run, "gelu", a.x, a.y,
               [](double x) { return 0.5 * x * std::erfc(-x / std::numbers::sqrt2); });
  }

 private:
  bool tanh_;
};

FK_IMPL(fk::Gelu, "reference", "1.0.0", FK_IMPL_BITWISE, GeluLoops)

}  // namespace
}  // namespace fk::reference
