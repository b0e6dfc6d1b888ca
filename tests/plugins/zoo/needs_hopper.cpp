// SPDX-License-Identifier: Apache-2.0
// For a kind of card that is not there: refused with the card it needs and the one it found.
#include "fk/plugin.hpp"
#include "fk/tasks/silu_and_mul.h"

namespace {

struct Zero {
  // What support_cuda() of fk/cuda.hpp does, which needs a toolkit.
  static void supports(fk_device device, int32_t sm, const fk_silu_and_mul_init&) {
    FK_SUPPORT(device.type == FK_CUDA, "needs a CUDA device");
    FK_SUPPORT(sm >= 90, "needs sm_%d or later, this card is sm_%d", 90, sm);
  }
  Zero(fk::Builder&, const fk_silu_and_mul_init&) {}
  void forward(const fk::Run&, const fk_silu_and_mul_args&) {}
};
FK_IMPL(fk::SiluAndMul, "zero", "1.0.0", 0, Zero)

}  // namespace
FK_PLUGIN("needs_hopper", "1.0.0", "zoo")
