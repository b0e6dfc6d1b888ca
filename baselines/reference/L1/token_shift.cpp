// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/token_shift.h"

#include "../packed.hpp"
#include "../storage.hpp"

namespace fk::reference {
namespace {

class TokenShiftLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_token_shift_init&) {
    support_cpu(device);
  }
  TokenShiftLoops(Builder&, const fk_token_shift_init&) {}

  void forward(const Run& run, const fk_token_shift_args& a) const {
    require_shape("token_shift", "x", a.x, {kAny, kAny});
    const int64_t width = a.x->shape[1];
    require_shape("token_shift", "cache", a.cache, {kAny, width});
    require_shape("token_shift", "delta", a.delta, {a.x->shape[0], width});
    const Packed step("token_shift", run, a.x->shape[0]);
    double *before = run.scratch<double>(width), *now = run.scratch<double>(width),
           *delta = run.scratch<double>(width);
    for (int64_t s = 0; s < step.sequences(); ++s) {
      if (step.begin(s) == step.end(s)) continue;
      const int64_t slot = step.slot(s, a.cache->shape[0]);
      std::fill(before, before + width, 0.0);
      if (!step.begins(s)) load_row(a.cache, slot, before);
      for (int64_t r = step.begin(s); r < step.end(s); ++r) {
        load_row(a.x, r, now);
        for (int64_t i = 0; i < width; ++i) delta[i] = before[i] - now[i];
        store_row(a.delta, r, delta);
        std::swap(before, now);
      }
      store_row(a.cache, slot, before);
    }
  }
};

FK_IMPL(fk::TokenShift, "reference", "1.0.0", FK_IMPL_BITWISE, TokenShiftLoops)

}  // namespace
}  // namespace fk::reference
