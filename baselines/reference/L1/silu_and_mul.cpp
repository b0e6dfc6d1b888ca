// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/silu_and_mul.h"

#include "../checks.hpp"
#include "../storage.hpp"

namespace fk::reference {
namespace {

class SiluAndMulLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_silu_and_mul_init&) {
    support_cpu(device);
  }
  SiluAndMulLoops(Builder&, const fk_silu_and_mul_init&) {}

  void forward(const Run& run, const fk_silu_and_mul_args& a) const {
    require_shape("silu_and_mul", "y", a.y, {kAny, kAny});
    const Tensor x(a.x), y(a.y);
    const int64_t n = y.size(0), d = y.size(1);
    require_shape("silu_and_mul", "x", a.x, {n, 2 * d});
    double* gate = run.scratch<double>(2 * d);
    const double* up = gate + d;
    for (int64_t r = 0; r < n; ++r) {
      load_row(x, r, gate);
      for (int64_t i = 0; i < d; ++i) gate[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
      store_row(y, r, gate);
    }
  }
};

FK_IMPL(fk::SiluAndMul, "reference", "1.0.0", FK_IMPL_BITWISE, SiluAndMulLoops)

}  // namespace
}  // namespace fk::reference
