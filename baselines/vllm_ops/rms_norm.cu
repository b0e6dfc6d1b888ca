// SPDX-License-Identifier: Apache-2.0
// rms_norm by vLLM's rms_norm and fused_add_rms_norm. They compute in the type of their tensors:
// where one is float32 in a run of 16 bits, all are brought to float32.
#include "fk/tasks/rms_norm.h"
#include "library.hpp"
#include "rows.cuh"

namespace fk::vllm_ops {
namespace {

constexpr const char* kTask = "rms_norm";

class VllmRmsNorm {
 public:
  static void supports(fk_device device, int32_t sm, const fk_rms_norm_init&) {
    support_cuda(device, sm, 90);
    for (const char* op : {"_C::rms_norm", "_C::fused_add_rms_norm"}) {
      const char* fault = op_fault(op);
      FK_SUPPORT(!fault, "%s: %s", op, fault);
    }
  }
  VllmRmsNorm(Builder& b, const fk_rms_norm_init& i)
      : size_(i.hidden_size), eps_(i.eps), weight_(b.param("weight")) {}

  void forward(const Run& run, const fk_rms_norm_args& a) const {
    reference::require_present(kTask, "x", a.x);
    cuda::require_same_shape(kTask, "y", a.y, a.x);
    if (a.residual) cuda::require_same_shape(kTask, "residual", a.residual, a.x);
    FK_REQUIRE(a.x->ndim > 0 && a.x->shape[a.x->ndim - 1] == size_,
               "%s: rows of %" PRId64 " elements, want %" PRId64, kTask,
               a.x->ndim ? a.x->shape[a.x->ndim - 1] : 0, size_);
    fk_dtype type = weight_.dtype();
    for (const fk_tensor* t : {a.x, a.residual, a.y})
      if (t && t->dtype == kFloat32) type = kFloat32;
    FK_SUPPORT(!a.residual || a.residual->dtype == type,
               "%s: float32 rows are not added to a residual of 16 bits", kTask);
    const Packed x(kTask, "x", run, a.x, type), y(kTask, "y", run, a.y, type),
        weight(kTask, "weight", run, weight_.get(), type);
    if (x.rows() == 0) return;
    weight.read();
    const int device = run.raw.device.index;
    if (a.residual) {
      const Packed residual(kTask, "residual", run, a.residual, type);
      residual.read();
      y.fill_from(a.x, cuda::row_map(kTask, "x", a.x));
      Call()
          .tensor(y.data(), type, device, {y.rows(), size_})
          .tensor(residual.data(), type, device, {y.rows(), size_})
          .tensor(weight.data(), type, device, {size_})
          .some()
          .number(eps_)
          .run("_C::fused_add_rms_norm", stream_of(run));
      residual.write();
    } else {
      x.read();
      Call()
          .tensor(y.data(), type, device, {y.rows(), size_})
          .tensor(x.data(), type, device, {y.rows(), size_})
          .tensor(weight.data(), type, device, {size_})
          .some()
          .number(eps_)
          .run("_C::rms_norm", stream_of(run));
    }
    y.write();
  }

 private:
  int64_t size_;
  double eps_;
  Tensor weight_;
};

FK_IMPL(fk::RmsNorm, "vllm", "0.26.0", FK_IMPL_GRAPH_SAFE, VllmRmsNorm)

}  // namespace
}  // namespace fk::vllm_ops
