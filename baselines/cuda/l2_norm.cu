// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/l2_norm.h"
#include "norm_rows.cuh"

namespace fk::cuda {
namespace {

class L2Norm {
 public:
  static void supports(fk_device device, int32_t sm, const fk_l2_norm_init&) {
    support_cuda(device, sm, 80);
  }
  L2Norm(Builder&, const fk_l2_norm_init& i) : size_(i.dim), eps_(i.eps) {}

  void forward(const Run& run, const fk_l2_norm_args& a) const {
    normalize<L2>("l2_norm", run, a.x, nullptr, a.y, nullptr, nullptr, size_, eps_);
  }

 private:
  int64_t size_;
  double eps_;
};

FK_IMPL(fk::L2Norm, "cuda", "1.0.0", kFlags, L2Norm)

}  // namespace
}  // namespace fk::cuda
