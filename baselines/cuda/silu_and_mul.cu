// SPDX-License-Identifier: Apache-2.0
// The two halves of x are two operands of an elementwise function, rows of x apart.
#include "fk/tasks/silu_and_mul.h"
#include "silu_and_mul.cuh"

namespace fk::cuda {
namespace {

constexpr const char* kTask = "silu_and_mul";

class SiluAndMul {
 public:
  static void supports(fk_device device, int32_t sm, const fk_silu_and_mul_init&) {
    support_cuda(device, sm, 80);
  }
  SiluAndMul(Builder&, const fk_silu_and_mul_init&) {}

  void forward(const Run& run, const fk_silu_and_mul_args& a) const {
    require_shape(kTask, "y", a.y, {kAny, kAny});
    const int64_t n = a.y->shape[0], d = a.y->shape[1];
    require_shape(kTask, "x", a.x, {n, 2 * d});
    require_dtype(kTask, "y", a.y, a.x->dtype);
    const bool vectors = packs(a.x) && packs(a.y);
    with_type(kTask, "x", a.x->dtype, [&](auto type) {
      using T = decltype(type);
      const T* x = static_cast<const T*>(a.x->data);
      launch_silu_and_mul(x, row_map(kTask, "x", a.x), static_cast<T*>(a.y->data),
                          row_map(kTask, "y", a.y), rows_of(kTask, a.y), d, vectors,
                          stream_of(run));
    });
  }
};

FK_IMPL(fk::SiluAndMul, "cuda", "1.0.0", kFlags, SiluAndMul)

}  // namespace
}  // namespace fk::cuda
