// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/gate_output_correction.h"

#include "../checks.hpp"
#include "../storage.hpp"

namespace fk::reference {
namespace {

constexpr const char* kTask = "gate_output_correction";

class GateOutputCorrectionLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_gate_output_correction_init&) {
    support_cpu(device);
  }
  GateOutputCorrectionLoops(Builder&, const fk_gate_output_correction_init& i)
      : heads_(i.num_heads), dim_(i.head_dim) {}

  void forward(const Run& run, const fk_gate_output_correction_args& a) const {
    require_shape(kTask, "o", a.o, {kAny, heads_ * dim_});
    const int64_t n = a.o->shape[0];
    require_shape(kTask, "r", a.r, {n, heads_, dim_});
    require_shape(kTask, "k", a.k, {n, heads_, dim_});
    require_shape(kTask, "r_k", a.r_k, {heads_, dim_});
    require_shape(kTask, "v", a.v, {n, heads_, dim_});
    require_shape(kTask, "g", a.g, {n, heads_ * dim_});
    require_shape(kTask, "y", a.y, {n, heads_ * dim_});
    double* rows = run.scratch<double>(6 * dim_);
    double *o = rows, *r = o + dim_, *k = r + dim_, *r_k = k + dim_, *v = r_k + dim_, *g = v + dim_;
    for (int64_t t = 0; t < n; ++t)
      for (int64_t h = 0; h < heads_; ++h) {
        load(a.o, t * a.o->strides[0] + h * dim_, dim_, o);
        load(a.g, t * a.g->strides[0] + h * dim_, dim_, g);
        load_row(a.r, t * heads_ + h, r);
        load_row(a.k, t * heads_ + h, k);
        load_row(a.v, t * heads_ + h, v);
        load_row(a.r_k, h, r_k);
        double bonus = 0;
        for (int64_t i = 0; i < dim_; ++i) bonus += r[i] * k[i] * r_k[i];
        for (int64_t i = 0; i < dim_; ++i) o[i] = (o[i] + bonus * v[i]) * g[i];
        store(a.y, t * a.y->strides[0] + h * dim_, dim_, o);
      }
  }

 private:
  int64_t heads_, dim_;
};

FK_IMPL(fk::GateOutputCorrection, "reference", "1.0.0", FK_IMPL_BITWISE, GateOutputCorrectionLoops)

}  // namespace
}  // namespace fk::reference
