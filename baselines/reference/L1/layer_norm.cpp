// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/layer_norm.h"

#include "../checks.hpp"
#include "../residual.hpp"

namespace fk::reference {
namespace {

class LayerNormLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_layer_norm_init&) {
    support_cpu(device);
  }
  LayerNormLoops(Builder& b, const fk_layer_norm_init& i)
      : size_(i.hidden_size),
        eps_(i.eps),
        weight_(b.param("weight")),
        bias_(i.bias ? b.param("bias") : Tensor()) {}

  void forward(const Run& run, const fk_layer_norm_args& a) const {
    check("x", a.x, a.x);
    check("y", a.y, a.x);
    if (a.residual) check("residual", a.residual, a.x);
    const Tensor x(a.x), residual(a.residual), y(a.y);
    double *row = run.scratch<double>(size_), *weight = run.scratch<double>(size_),
           *bias = run.scratch<double>(size_);
    load(weight_, 0, size_, weight);
    std::fill(bias, bias + size_, 0.0);
    if (bias_) load(bias_, 0, size_, bias);
    for (int64_t r = 0; r < x.rows(); ++r) {
      load_row(x, r, row);
      if (residual) add_to_residual(residual, r, size_, row);
      double mean = 0, variance = 0;
      for (int64_t i = 0; i < size_; ++i) mean += row[i] / double(size_);
      for (int64_t i = 0; i < size_; ++i)
        variance += (row[i] - mean) * (row[i] - mean) / double(size_);
      const double scale = 1 / std::sqrt(variance + eps_);
      for (int64_t i = 0; i < size_; ++i) row[i] = (row[i] - mean) * scale * weight[i] + bias[i];
      store_row(y, r, row);
    }
  }

 private:
  void check(const char* name, const fk_tensor* t, const fk_tensor* x) const {
    require_present("layer_norm", name, t);
    FK_REQUIRE(t->ndim >= 1 && t->shape[t->ndim - 1] == size_,
               "layer_norm: %s is %s, want [..., %" PRId64 "]", name,
               ShapeText(t->shape, t->ndim).text, size_);
    FK_REQUIRE(t->ndim == x->ndim && std::equal(t->shape, t->shape + t->ndim, x->shape),
               "layer_norm: %s is %s, want the shape of x, %s", name,
               ShapeText(t->shape, t->ndim).text, ShapeText(x->shape, x->ndim).text);
  }

  int64_t size_;
  double eps_;
  Tensor weight_, bias_;
};

FK_IMPL(fk::LayerNorm, "reference", "1.0.0", FK_IMPL_BITWISE, LayerNormLoops)

}  // namespace
}  // namespace fk::reference
