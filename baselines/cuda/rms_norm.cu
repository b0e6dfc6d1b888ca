// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/rms_norm.h"
#include "norm_rows.cuh"

namespace fk::cuda {
namespace {

class RmsNorm {
 public:
  static void supports(fk_device device, int32_t sm, const fk_rms_norm_init&) {
    support_cuda(device, sm, 80);
  }
  RmsNorm(Builder& b, const fk_rms_norm_init& i)
      : size_(i.hidden_size), eps_(i.eps), weight_(b.param("weight")) {}

  void forward(const Run& run, const fk_rms_norm_args& a) const {
    normalize<Rms>("rms_norm", run, a.x, a.residual, a.y, weight_.get(), nullptr, size_, eps_);
  }

 private:
  int64_t size_;
  double eps_;
  Tensor weight_;
};

FK_IMPL(fk::RmsNorm, "cuda", "1.0.0", kFlags, RmsNorm)

}  // namespace
}  // namespace fk::cuda
