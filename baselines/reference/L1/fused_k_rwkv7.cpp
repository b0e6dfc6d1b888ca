// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/fused_k_rwkv7.h"

#include "../elementwise.hpp"

namespace fk::reference {
namespace {

class FusedKRwkv7Loops {
 public:
  static void supports(fk_device device, int32_t, const fk_fused_k_rwkv7_init&) {
    support_cpu(device);
  }
  FusedKRwkv7Loops(Builder&, const fk_fused_k_rwkv7_init&) {}

  void forward(const Run& run, const fk_fused_k_rwkv7_args& a) const {
    map_rows<3>(run, "fused_k_rwkv7", {{{"k", a.k}, {"a", a.a}, {"k_a", a.k_a}}}, "y", a.y,
                [](double k, double rate, double k_a) { return k * (1 + (rate - 1) * k_a); });
  }
};

FK_IMPL(fk::FusedKRwkv7, "reference", "1.0.0", FK_IMPL_BITWISE, FusedKRwkv7Loops)

}  // namespace
}  // namespace fk::reference
