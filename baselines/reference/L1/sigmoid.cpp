// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/sigmoid.h"

#include "../elementwise.hpp"

namespace fk::reference {
namespace {

class SigmoidLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_sigmoid_init&) { support_cpu(device); }
  SigmoidLoops(Builder&, const fk_sigmoid_init& i) : scale_(i.scale) {}

  void forward(const Run& run, const fk_sigmoid_args& a) const {
    map_rows(run, "sigmoid", a.x, a.y, [this](double x) { return scale_ * sigmoid(x); });
  }

 private:
  double scale_;
};

FK_IMPL(fk::Sigmoid, "reference", "1.0.0", FK_IMPL_BITWISE, SigmoidLoops)

}  // namespace
}  // namespace fk::reference
