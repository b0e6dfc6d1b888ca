// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/silu_and_mul.h"
#include "library.hpp"
#include "rows.cuh"

namespace fk::vllm_ops {
namespace {

constexpr const char *kTask = "silu_and_mul", *kOp = "_C::silu_and_mul";

class VllmSiluAndMul {
 public:
  static void supports(fk_device device, int32_t sm, const fk_silu_and_mul_init&) {
    support_cuda(device, sm, 90);
    const char* fault = op_fault(kOp);
    FK_SUPPORT(!fault, "%s: %s", kOp, fault);
  }
  VllmSiluAndMul(Builder&, const fk_silu_and_mul_init&) {}

  void forward(const Run& run, const fk_silu_and_mul_args& a) const {
    reference::require_shape(kTask, "y", a.y, {reference::kAny, reference::kAny});
    const int64_t n = a.y->shape[0], d = a.y->shape[1];
    reference::require_shape(kTask, "x", a.x, {n, 2 * d});
    reference::require_dtype(kTask, "y", a.y, a.x->dtype);
    if (n == 0 || d == 0) return;
    const fk_dtype type = a.x->dtype;
    const Packed x(kTask, "x", run, a.x, type), y(kTask, "y", run, a.y, type);
    x.read();
    Call()
        .tensor(y.data(), type, run.raw.device.index, {n, d})
        .tensor(x.data(), type, run.raw.device.index, {n, 2 * d})
        .run(kOp, stream_of(run));
    y.write();
  }
};

FK_IMPL(fk::SiluAndMul, "vllm", "0.26.0", FK_IMPL_GRAPH_SAFE, VllmSiluAndMul)

}  // namespace
}  // namespace fk::vllm_ops
