// SPDX-License-Identifier: Apache-2.0
// One element of SiLU behind the SDK's guard, and a composite that calls it: what is left is the
// crossing.
#include <cmath>

#include "fk/plugin.hpp"
#include "fk/tasks/silu_and_mul.h"

namespace {

struct One {
  One(fk::Builder&, const fk_silu_and_mul_init&) {}
  void forward(const fk::Run&, const fk_silu_and_mul_args& a) const {
    const float* x = static_cast<const float*>(a.x->data);
    *static_cast<float*>(a.y->data) = x[0] * x[1];
  }
};

// Calls its child a hundred times.
struct Hundred {
  Hundred(fk::Builder& b, const fk_silu_and_mul_init& i)
      : child_(b.child<fk::SiluAndMul>("act", i)) {}
  void forward(const fk::Run& run, const fk_silu_and_mul_args& a) const {
    for (int i = 0; i < 100; ++i) child_(run, a);
  }
  fk::Child<fk::SiluAndMul> child_;
};

FK_IMPL(fk::SiluAndMul, "one", "1.0.0", 0, One)
FK_IMPL(fk::SiluAndMul, "hundred", "1.0.0", FK_IMPL_COMPOSITE, Hundred)

}  // namespace
FK_PLUGIN("empty", "1.0.0", "bench")
