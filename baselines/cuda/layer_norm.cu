// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/layer_norm.h"
#include "norm_rows.cuh"

namespace fk::cuda {
namespace {

class LayerNorm {
 public:
  static void supports(fk_device device, int32_t sm, const fk_layer_norm_init&) {
    support_cuda(device, sm, 80);
  }
  LayerNorm(Builder& b, const fk_layer_norm_init& i)
      : size_(i.hidden_size),
        eps_(i.eps),
        weight_(b.param("weight")),
        bias_(i.bias ? b.param("bias") : Tensor()) {}

  void forward(const Run& run, const fk_layer_norm_args& a) const {
    normalize<Layer>("layer_norm", run, a.x, a.residual, a.y, weight_.get(), bias_.get(), size_,
                     eps_);
  }

 private:
  int64_t size_;
  double eps_;
  Tensor weight_, bias_;
};

FK_IMPL(fk::LayerNorm, "cuda", "1.0.0", kFlags, LayerNorm)

}  // namespace
}  // namespace fk::cuda
