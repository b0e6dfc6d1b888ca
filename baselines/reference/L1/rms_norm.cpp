// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/rms_norm.h"

#include "../checks.hpp"
#include "../storage.hpp"

namespace fk::reference {
namespace {

class RmsNormLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_rms_norm_init&) { support_cpu(device); }
  RmsNormLoops(Builder& b, const fk_rms_norm_init& i)
      : size_(i.hidden_size), eps_(i.eps), weight_(b.param("weight")) {}

  void forward(const Run& run, const fk_rms_norm_args& a) const {
    check("x", a.x, a.x);
    check("y", a.y, a.x);
    if (a.residual) check("residual", a.residual, a.x);
    const Tensor x(a.x), residual(a.residual), y(a.y);
    double* row = run.scratch<double>(size_);
    double* weight = run.scratch<double>(size_);
    load(weight_, 0, size_, weight);
    for (int64_t r = 0; r < x.rows(); ++r) {
      load_row(x, r, row);
      if (residual) add_to_residual(residual, r, row);
      double squares = 0;
      for (int64_t i = 0; i < size_; ++i) squares += row[i] * row[i];
      const double scale = 1 / std::sqrt(squares / double(size_) + eps_);
      for (int64_t i = 0; i < size_; ++i) row[i] *= scale * weight[i];
      store_row(y, r, row);
    }
  }

 private:
  // residual += row, rounded to the residual's dtype; row becomes what was stored.
  void add_to_residual(Tensor residual, int64_t r, double* row) const {
    const int64_t offset = row_offset(residual, r);
    for (int64_t i = 0; i < size_; ++i) {
      double value;
      load(residual, offset + i, 1, &value);
      value += row[i];
      store(residual, offset + i, 1, &value);
      load(residual, offset + i, 1, &row[i]);
    }
  }
  void check(const char* name, const fk_tensor* t, const fk_tensor* x) const {
    require_present("rms_norm", name, t);
    FK_REQUIRE(t->ndim >= 1 && t->shape[t->ndim - 1] == size_,
               "rms_norm: %s is %s, want [..., %" PRId64 "]", name,
               ShapeText(t->shape, t->ndim).text, size_);
    FK_REQUIRE(t->ndim == x->ndim && std::equal(t->shape, t->shape + t->ndim, x->shape),
               "rms_norm: %s is %s, want the shape of x, %s", name,
               ShapeText(t->shape, t->ndim).text, ShapeText(x->shape, x->ndim).text);
  }

  int64_t size_;
  double eps_;
  Tensor weight_;
};

FK_IMPL(fk::RmsNorm, "reference", "1.0.0", FK_IMPL_BITWISE, RmsNormLoops)

}  // namespace
}  // namespace fk::reference
