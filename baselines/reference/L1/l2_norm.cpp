// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/l2_norm.h"

#include "../checks.hpp"
#include "../storage.hpp"

namespace fk::reference {
namespace {

class L2NormLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_l2_norm_init&) { support_cpu(device); }
  L2NormLoops(Builder&, const fk_l2_norm_init& i) : size_(i.dim), eps_(i.eps) {}

  void forward(const Run& run, const fk_l2_norm_args& a) const {
    require_last("x", a.x);
    require_last("y", a.y);
    const Tensor x(a.x), y(a.y);
    FK_REQUIRE(x.rows() == y.rows(), "l2_norm: y is %s, want the shape of x, %s",
               ShapeText(y->shape, y->ndim).text, ShapeText(x->shape, x->ndim).text);
    double* row = run.scratch<double>(size_);
    for (int64_t r = 0; r < x.rows(); ++r) {
      load_row(x, r, row);
      double squares = 0;
      for (int64_t i = 0; i < size_; ++i) squares += row[i] * row[i];
      const double length = std::max(std::sqrt(squares), eps_);
      for (int64_t i = 0; i < size_; ++i) row[i] /= length;
      store_row(y, r, row);
    }
  }

 private:
  void require_last(const char* name, const fk_tensor* t) const {
    require_present("l2_norm", name, t);
    FK_REQUIRE(t->ndim >= 1 && t->shape[t->ndim - 1] == size_,
               "l2_norm: %s is %s, want [..., %" PRId64 "]", name,
               ShapeText(t->shape, t->ndim).text, size_);
  }

  int64_t size_;
  double eps_;
};

FK_IMPL(fk::L2Norm, "reference", "1.0.0", FK_IMPL_BITWISE, L2NormLoops)

}  // namespace
}  // namespace fk::reference
