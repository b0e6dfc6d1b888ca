// SPDX-License-Identifier: Apache-2.0
// rms_norm, layer_norm and l2_norm: a row at a time, rows over the threads.
#include "common.hpp"
#include "fk/tasks/l2_norm.h"
#include "fk/tasks/layer_norm.h"
#include "fk/tasks/rms_norm.h"

namespace fk::cpu {
namespace {

void require_shape_of(const char* task, const char* name, const fk_tensor* t, const fk_tensor* x,
                      int64_t size) {
  require_present(task, name, t);
  FK_REQUIRE(t->ndim >= 1 && t->ndim == x->ndim &&
                 std::equal(t->shape, t->shape + t->ndim, x->shape) &&
                 t->shape[t->ndim - 1] == size,
             "%s: %s is %s, want %s with a last dimension of %" PRId64, task, name,
             reference::ShapeText(t->shape, t->ndim).text,
             reference::ShapeText(x->shape, x->ndim).text, size);
}

void require_like(const char* task, const char* name, const fk_tensor* t, const fk_tensor* x,
                  int64_t size) {
  require_shape_of(task, name, t, x, size);
  same_type(task, name, t, x);
}

class RmsNormRows {
 public:
  static void supports(fk_device device, int32_t, const fk_rms_norm_init&) { support_cpu(device); }
  RmsNormRows(Builder& b, const fk_rms_norm_init& i)
      : size_(i.hidden_size), eps_(float(i.eps)), threads_(b.host), weight_(b.param("weight")) {
    type_of("rms_norm", "weight", weight_.dtype());
  }

  void forward(const Run& run, const fk_rms_norm_args& a) const {
    require_present("rms_norm", "x", a.x);
    require_present("rms_norm", "y", a.y);
    if (a.x->dtype != a.y->dtype || (a.residual && a.residual->dtype != a.x->dtype))
      return mixed(run, a);
    require_like("rms_norm", "x", a.x, a.x, size_);
    require_like("rms_norm", "y", a.y, a.x, size_);
    if (a.residual) require_like("rms_norm", "residual", a.residual, a.x, size_);
    const auto norm = kernels().rms_norm[int(same_type("rms_norm", "x", a.x, weight_.get()))];
    for_rows(threads_, Tensor(a.x).rows(), size_, [&](int64_t r) {
      norm(row_of(a.x, r), a.residual ? row_of(a.residual, r) : nullptr, weight_->data,
           row_of(a.y, r), size_, eps_);
    });
  }

 private:
  // A float32 residual stream in a 16-bit run: all in fp32, rounded once into y.
  void mixed(const Run& run, const fk_rms_norm_args& a) const {
    require_shape_of("rms_norm", "x", a.x, a.x, size_);
    require_shape_of("rms_norm", "y", a.y, a.x, size_);
    if (a.residual) require_shape_of("rms_norm", "residual", a.residual, a.x, size_);
    const Tensor x(a.x);
    const Type x_type = type_of("rms_norm", "x", x.dtype()),
               y_type = same_type("rms_norm", "y", a.y, weight_.get());
    if (a.residual)
      require_dtype("rms_norm", "residual", a.residual, kFloat32);
    else
      require_dtype("rms_norm", "x", a.x, kFloat32);
    const int64_t n = x.rows();
    float* rows = run.scratch<float>((n + 1) * size_);
    float* weight = rows + n * size_;
    kernels().widen[int(y_type)](weight_->data, weight, size_);
    for_rows(threads_, n, size_, [&](int64_t r) {
      float* row = rows + r * size_;
      kernels().widen[int(x_type)](row_of(a.x, r), row, size_);
      kernels().rms_norm[int(Type::kF32)](row, a.residual ? row_of(a.residual, r) : nullptr, weight,
                                          row, size_, eps_);
      kernels().narrow[int(y_type)](row, row_of(a.y, r), size_);
    });
  }

  int64_t size_;
  float eps_;
  Threads threads_;
  Tensor weight_;
};

class LayerNormRows {
 public:
  static void supports(fk_device device, int32_t, const fk_layer_norm_init&) {
    support_cpu(device);
  }
  LayerNormRows(Builder& b, const fk_layer_norm_init& i)
      : size_(i.hidden_size),
        eps_(float(i.eps)),
        threads_(b.host),
        weight_(b.param("weight")),
        bias_(i.bias ? b.param("bias") : Tensor()) {
    type_of("layer_norm", "weight", weight_.dtype());
  }

  void forward(const Run&, const fk_layer_norm_args& a) const {
    require_present("layer_norm", "x", a.x);
    require_like("layer_norm", "x", a.x, a.x, size_);
    require_like("layer_norm", "y", a.y, a.x, size_);
    if (a.residual) require_like("layer_norm", "residual", a.residual, a.x, size_);
    const auto norm = kernels().layer_norm[int(same_type("layer_norm", "x", a.x, weight_.get()))];
    for_rows(threads_, Tensor(a.x).rows(), size_, [&](int64_t r) {
      norm(row_of(a.x, r), a.residual ? row_of(a.residual, r) : nullptr, weight_->data,
           bias_ ? bias_->data : nullptr, row_of(a.y, r), size_, eps_);
    });
  }

 private:
  int64_t size_;
  float eps_;
  Threads threads_;
  Tensor weight_, bias_;
};

class L2NormRows {
 public:
  static void supports(fk_device device, int32_t, const fk_l2_norm_init&) { support_cpu(device); }
  L2NormRows(Builder& b, const fk_l2_norm_init& i)
      : size_(i.dim), eps_(float(i.eps)), threads_(b.host) {}

  void forward(const Run&, const fk_l2_norm_args& a) const {
    require_present("l2_norm", "x", a.x);
    require_like("l2_norm", "x", a.x, a.x, size_);
    require_like("l2_norm", "y", a.y, a.x, size_);
    const int type = int(type_of("l2_norm", "x", a.x->dtype));
    for_rows(threads_, Tensor(a.x).rows(), size_, [&](int64_t r) {
      const float length = __builtin_sqrtf(kernels().sum_squares[type](row_of(a.x, r), size_));
      kernels().scale[type](row_of(a.x, r), 1.0f / std::max(length, eps_), row_of(a.y, r), size_);
    });
  }

 private:
  int64_t size_;
  float eps_;
  Threads threads_;
};

FK_IMPL(fk::RmsNorm, "cpu", "1.0.0", FK_IMPL_BITWISE, RmsNormRows)
FK_IMPL(fk::LayerNorm, "cpu", "1.0.0", FK_IMPL_BITWISE, LayerNormRows)
FK_IMPL(fk::L2Norm, "cpu", "1.0.0", FK_IMPL_BITWISE, L2NormRows)

}  // namespace
}  // namespace fk::cpu
