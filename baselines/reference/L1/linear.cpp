// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/linear.h"

#include "../checks.hpp"
#include "../weight_rows.hpp"

namespace fk::reference {
namespace {

class LinearLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_linear_init&) { support_cpu(device); }
  LinearLoops(Builder& b, const fk_linear_init& i)
      : in_(i.in_features),
        out_(i.out_features),
        weight_(b, i.quant, in_),
        bias_(i.bias ? b.param("bias") : Tensor()),
        threads_(b.host) {}

  void forward(const Run& run, const fk_linear_args& a) const {
    require_shape("linear", "x", a.x, {kAny, in_});
    const Tensor x(a.x), y(a.y);
    const int64_t n = x.size(0);
    require_shape("linear", "y", a.y, {n, out_});
    if (n == 0) return;
    double* rows = run.scratch<double>(n * in_);
    double* weights = run.scratch<double>(in_ * threads_.count());  // a row for each thread
    for (int64_t r = 0; r < n; ++r) load_row(x, r, rows + r * in_);
    // Every output is the same loop whoever runs it. Alone this task would be most of the time that
    // anything is judged.
    threads_.parallel_for(out_, [&](int64_t begin, int64_t end, int thread) {
      double* weight = weights + thread * in_;
      for (int64_t o = begin; o < end; ++o) {
        weight_.row(o, weight);
        double bias = 0;
        if (bias_) load(bias_, o, 1, &bias);
        for (int64_t r = 0; r < n; ++r) {
          double sum = bias;
          for (int64_t k = 0; k < in_; ++k) sum += rows[r * in_ + k] * weight[k];
          store(y, row_offset(y, r) + o, 1, &sum);
        }
      }
    });
  }

 private:
  int64_t in_, out_;
  WeightRows weight_;
  Tensor bias_;
  Threads threads_;
};

FK_IMPL(fk::Linear, "reference", "1.0.0", FK_IMPL_BITWISE, LinearLoops)

}  // namespace
}  // namespace fk::reference
