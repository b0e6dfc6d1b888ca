// SPDX-License-Identifier: Apache-2.0
// linear_silu_and_mul in one piece, as a candidate that a test plants. PLANTED_FAIR: faster than
// the baseline, slower than the composition of a fast linear and the baseline's silu_and_mul; else
// faster than both.
#include "fk/tasks/linear_silu_and_mul.h"

#include "rows.hpp"

namespace fk::planted {
namespace {

class PlantedSwiglu {
 public:
  static void supports(fk_device device, int32_t, const fk_linear_silu_and_mul_init& i) {
    FK_SUPPORT(device.type == FK_CPU && i.quant == 0 && !i.bias && i.tp_size == 1,
               "plain weights without bias on one CPU");
  }
  PlantedSwiglu(Builder& b, const fk_linear_silu_and_mul_init& i)
      : width_(i.intermediate_size), weight_(b.param("weight")) {
    FK_SUPPORT(is_float32(b.dtype()), "float32 only");
  }

  void forward(const Run&, const fk_linear_silu_and_mul_args& a) const {
    const Tensor x(a.x), y(a.y);
    const int64_t in = weight_.size(1);
    for (int64_t r = 0; r < x.size(0); ++r) {
      float* out = y.data<float>() + r * y.stride(0);
      for (int64_t o = 0; o < width_; ++o) {
#ifdef PLANTED_FAIR
        const float gate = fair_dot(row(x, r), row(weight_, o), in),
                    up = fair_dot(row(x, r), row(weight_, width_ + o), in);
#else
        const float gate = fast_dot(row(x, r), row(weight_, o), in),
                    up = fast_dot(row(x, r), row(weight_, width_ + o), in);
#endif
        out[o] = silu(gate) * up;
      }
    }
  }

 private:
  int64_t width_;
  Tensor weight_;
};

FK_IMPL(fk::LinearSiluAndMul, "planted", "1.0.0", 0, PlantedSwiglu)

}  // namespace
}  // namespace fk::planted
