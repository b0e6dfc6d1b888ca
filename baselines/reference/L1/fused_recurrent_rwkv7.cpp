// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/fused_recurrent_rwkv7.h"

#include "../packed.hpp"
#include "../storage.hpp"

namespace fk::reference {
namespace {

constexpr const char* kTask = "fused_recurrent_rwkv7";

class FusedRecurrentRwkv7Loops {
 public:
  static void supports(fk_device device, int32_t, const fk_fused_recurrent_rwkv7_init&) {
    support_cpu(device);
  }
  FusedRecurrentRwkv7Loops(Builder&, const fk_fused_recurrent_rwkv7_init& i)
      : heads_(i.num_heads), dim_(i.head_dim) {}

  void forward(const Run& run, const fk_fused_recurrent_rwkv7_args& a) const {
    require_shape(kTask, "r", a.r, {kAny, heads_, dim_});
    const int64_t n = a.r->shape[0];
    require_shape(kTask, "w", a.w, {n, heads_, dim_});
    require_shape(kTask, "k", a.k, {n, heads_, dim_});
    require_shape(kTask, "v", a.v, {n, heads_, dim_});
    require_shape(kTask, "kk", a.kk, {n, heads_, dim_});
    require_shape(kTask, "a", a.a, {n, heads_, dim_});
    require_shape(kTask, "out", a.out, {n, heads_, dim_});
    require_shape(kTask, "state", a.state, {kAny, heads_, dim_, dim_});
    const Packed step(kTask, run, n);
    double* matrix = run.scratch<double>(dim_ * dim_);
    double* rows = run.scratch<double>(8 * dim_);
    for (int64_t s = 0; s < step.sequences(); ++s) {
      if (step.begin(s) == step.end(s)) continue;
      const int64_t slot = step.slot(s, a.state->shape[0]);
      for (int64_t h = 0; h < heads_; ++h) {
        const int64_t first_row = (slot * heads_ + h) * dim_;
        std::fill(matrix, matrix + dim_ * dim_, 0.0);
        if (!step.begins(s))
          for (int64_t i = 0; i < dim_; ++i) load_row(a.state, first_row + i, matrix + i * dim_);
        for (int64_t t = step.begin(s); t < step.end(s); ++t)
          one_token(a, t * heads_ + h, matrix, rows);
        for (int64_t i = 0; i < dim_; ++i) store_row(a.state, first_row + i, matrix + i * dim_);
      }
    }
  }

 private:
  // `matrix` is S[key][value]; `row` counts tokens and heads.
  void one_token(const fk_fused_recurrent_rwkv7_args& a, int64_t row, double* matrix,
                 double* rows) const {
    double *r = rows, *w = r + dim_, *k = w + dim_, *v = k + dim_, *kk = v + dim_,
           *rate = kk + dim_, *u = rate + dim_, *out = u + dim_;
    load_row(a.r, row, r);
    load_row(a.w, row, w);
    load_row(a.k, row, k);
    load_row(a.v, row, v);
    load_row(a.kk, row, kk);
    load_row(a.a, row, rate);
    std::fill(u, u + dim_, 0.0);
    std::fill(out, out + dim_, 0.0);
    for (int64_t i = 0; i < dim_; ++i)
      for (int64_t j = 0; j < dim_; ++j) u[j] -= kk[i] * matrix[i * dim_ + j];
    for (int64_t i = 0; i < dim_; ++i) {
      const double decay = std::exp(w[i]);
      for (int64_t j = 0; j < dim_; ++j) {
        double& cell = matrix[i * dim_ + j];
        cell = decay * cell + kk[i] * rate[i] * u[j] + k[i] * v[j];
        out[j] += r[i] * cell;
      }
    }
    store_row(a.out, row, out);
  }

  int64_t heads_, dim_;
};

FK_IMPL(fk::FusedRecurrentRwkv7, "reference", "1.0.0", FK_IMPL_BITWISE, FusedRecurrentRwkv7Loops)

}  // namespace
}  // namespace fk::reference
