// SPDX-License-Identifier: Apache-2.0
// silu_and_mul, as a candidate that a test plants. How: PLANTED_FAST, or PLANTED_WRONG: fast and
// right but for long rows, whose last element is 0.
#include "fk/tasks/silu_and_mul.h"

#include "rows.hpp"

namespace fk::planted {
namespace {

class PlantedSiluAndMul {
 public:
  static void supports(fk_device device, int32_t, const fk_silu_and_mul_init&) {
    FK_SUPPORT(device.type == FK_CPU, "the CPU");
  }
  PlantedSiluAndMul(Builder& b, const fk_silu_and_mul_init&) {
    FK_SUPPORT(is_float32(b.dtype()), "float32 only");
  }

  void forward(const Run&, const fk_silu_and_mul_args& a) const {
    const Tensor x(a.x), y(a.y);
    int64_t d = y.size(1);
#ifdef PLANTED_WRONG
    if (d > 100) --d;
#endif
    for (int64_t r = 0; r < y.size(0); ++r) {
      const float *gate = row(x, r), *up = gate + y.size(1);
      float* out = y.data<float>() + r * y.stride(0);
      for (int64_t i = 0; i < d; ++i) out[i] = silu(gate[i]) * up[i];
      for (int64_t i = d; i < y.size(1); ++i) out[i] = 0;
    }
  }
};

FK_IMPL(fk::SiluAndMul, "planted", "1.0.0", 0, PlantedSiluAndMul)

}  // namespace
}  // namespace fk::planted
