// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/fused_addcmul_rwkv7.h"

#include "../elementwise.hpp"

namespace fk::reference {
namespace {

class FusedAddcmulRwkv7Loops {
 public:
  static void supports(fk_device device, int32_t, const fk_fused_addcmul_rwkv7_init&) {
    support_cpu(device);
  }
  FusedAddcmulRwkv7Loops(Builder&, const fk_fused_addcmul_rwkv7_init&) {}

  void forward(const Run& run, const fk_fused_addcmul_rwkv7_args& a) const {
    auto mixed = [&](const char* mix_name, const fk_tensor* mix, const char* y_name,
                     const fk_tensor* y) {
      map_rows<3>(run, "fused_addcmul_rwkv7",
                  {{{"hidden_states", a.hidden_states}, {"delta", a.delta}, {mix_name, mix}}},
                  y_name, y, [](double x, double delta, double m) { return x + delta * m; });
    };
    mixed("x_r", a.x_r, "xr", a.xr);
    mixed("x_w", a.x_w, "xw", a.xw);
    mixed("x_k", a.x_k, "xk", a.xk);
    mixed("x_v", a.x_v, "xv", a.xv);
    mixed("x_a", a.x_a, "xa", a.xa);
    mixed("x_g", a.x_g, "xg", a.xg);
  }
};

FK_IMPL(fk::FusedAddcmulRwkv7, "reference", "1.0.0", FK_IMPL_BITWISE, FusedAddcmulRwkv7Loops)

}  // namespace
}  // namespace fk::reference
