// SPDX-License-Identifier: Apache-2.0
// linear, as a candidate that a test plants. How: PLANTED_FAST, or PLANTED_WRONG: fast and right
// but for long rows, of which it leaves out the last elements; or PLANTED_CROWDED: fast as long as
// it is the only instance in the process, as it is while it is measured alone, and else slower than
// the reference, a small one by the most, so that each of them is missed; or
// PLANTED_SLOW_PROMPTS or PLANTED_SLOW_STEPS: fast for one row alone, or for several; or
// PLANTED_WRONG_PROMPTS: wrong for 24 rows of one size, which no case has; or PLANTED_FAIR: faster
// than the reference, by less.
#include "fk/tasks/linear.h"

#include <atomic>

#include "rows.hpp"

namespace fk::planted {
namespace {

std::atomic<int> instances{0};

// Each turn waits for the one before, about twice as long as the reference's sum does for a term.
[[maybe_unused]] void wait(int64_t turns) {
  volatile double start = 1;
  double x = start;
  for (int64_t i = 0; i < turns; ++i) x = x * 0.5 + 0.5;
  start = x;
}

#ifdef PLANTED_FAIR
constexpr auto dot = fair_dot;
#else
constexpr auto dot = fast_dot;
#endif

class PlantedLinear {
 public:
  static void supports(fk_device device, int32_t, const fk_linear_init& i) {
    FK_SUPPORT(device.type == FK_CPU && i.quant == 0, "plain weights on the CPU");
  }
  PlantedLinear(Builder& b, const fk_linear_init& i)
      : weight_(b.param("weight")), bias_(i.bias ? b.param("bias") : Tensor()) {
    FK_SUPPORT(is_float32(b.dtype()), "float32 only");
    if (!b.dry()) ++instances, counted_ = true;
  }
  ~PlantedLinear() { instances -= counted_; }
  PlantedLinear(const PlantedLinear&) = delete;

  void forward(const Run&, const fk_linear_args& a) const {
    const Tensor x(a.x), y(a.y);
    int64_t in = weight_.size(1);
#ifdef PLANTED_WRONG
    if (in > 100) in -= 3;
#endif
#ifdef PLANTED_WRONG_PROMPTS
    if (x.size(0) == 24 && in == 256 && weight_.size(0) == 128) in -= 100;
#endif
    for (int64_t r = 0; r < x.size(0); ++r) {
      float* out = y.data<float>() + r * y.stride(0);
      for (int64_t o = 0; o < weight_.size(0); ++o)
        out[o] = dot(row(x, r), row(weight_, o), in) + (bias_ ? bias_.data<float>()[o] : 0);
    }
#ifdef PLANTED_CROWDED
    if (instances > 1) wait(400000 + x.size(0) * weight_.size(0) * in / 4);
#endif
#ifdef PLANTED_SLOW_PROMPTS
    if (x.size(0) > 1) wait(8000000);  // more than twice the reference's time on any machine
#endif
#ifdef PLANTED_SLOW_STEPS
    if (x.size(0) == 1) wait(2000000);
#endif
  }

 private:
  Tensor weight_, bias_;
  bool counted_ = false;
};

FK_IMPL(fk::Linear, "planted", "1.0.0", 0, PlantedLinear)

}  // namespace
}  // namespace fk::planted
