// SPDX-License-Identifier: Apache-2.0
// The elementwise tasks of RWKV-7: a row at a time, rows over the threads.
#include <initializer_list>

#include "common.hpp"
#include "fk/tasks/addcmul.h"
#include "fk/tasks/fused_addcmul_rwkv7.h"
#include "fk/tasks/fused_k_rwkv7.h"
#include "fk/tasks/gate_output_correction.h"
#include "fk/tasks/lerp.h"
#include "fk/tasks/mul.h"
#include "fk/tasks/sigmoid.h"
#include "fk/tasks/squared_relu.h"
#include "fk/tasks/tanh.h"

namespace fk::cpu {
namespace {

struct Operand {
  const char* name;
  const fk_tensor* t;
};

// All [n, d] of one dtype, the first one naming both; returns that dtype.
Type rows_alike(const char* task, std::initializer_list<Operand> operands) {
  const fk_tensor* x = operands.begin()->t;
  require_shape(task, operands.begin()->name, x, {kAny, kAny});
  for (const Operand& o : operands) {
    require_shape(task, o.name, o.t, {x->shape[0], x->shape[1]});
    same_type(task, o.name, o.t, x);
  }
  return type_of(task, operands.begin()->name, x->dtype);
}

void vector_alike(const char* task, const char* name, const fk_tensor* t, const fk_tensor* x) {
  require_shape(task, name, t, {x->shape[1]});
  same_type(task, name, t, x);
}

// sigmoid, tanh and squared_relu.
template <class Args, class F>
void unary(const char* task, const Threads& threads, const Args& a, const F& f) {
  const Type type = rows_alike(task, {{"x", a.x}, {"y", a.y}});
  for_rows(threads, a.x->shape[0], 4 * a.x->shape[1],
           [&](int64_t r) { f(int(type), row_of(a.x, r), row_of(a.y, r), a.x->shape[1]); });
}

class SigmoidRows {
 public:
  static void supports(fk_device device, int32_t, const fk_sigmoid_init&) { support_cpu(device); }
  SigmoidRows(Builder& b, const fk_sigmoid_init& i) : scale_(float(i.scale)), threads_(b.host) {}
  void forward(const Run&, const fk_sigmoid_args& a) const {
    unary("sigmoid", threads_, a,
          [&](int t, void* x, void* y, int64_t d) { kernels().rwkv7.sigmoid[t](x, y, d, scale_); });
  }

 private:
  float scale_;
  Threads threads_;
};

class TanhRows {
 public:
  static void supports(fk_device device, int32_t, const fk_tanh_init&) { support_cpu(device); }
  TanhRows(Builder& b, const fk_tanh_init&) : threads_(b.host) {}
  void forward(const Run&, const fk_tanh_args& a) const {
    unary("tanh", threads_, a,
          [](int t, void* x, void* y, int64_t d) { kernels().rwkv7.tanh[t](x, y, d); });
  }

 private:
  Threads threads_;
};

class SquaredReluRows {
 public:
  static void supports(fk_device device, int32_t, const fk_squared_relu_init&) {
    support_cpu(device);
  }
  SquaredReluRows(Builder& b, const fk_squared_relu_init&) : threads_(b.host) {}
  void forward(const Run&, const fk_squared_relu_args& a) const {
    unary("squared_relu", threads_, a,
          [](int t, void* x, void* y, int64_t d) { kernels().rwkv7.squared_relu[t](x, y, d); });
  }

 private:
  Threads threads_;
};

class MulRows {
 public:
  static void supports(fk_device device, int32_t, const fk_mul_init&) { support_cpu(device); }
  MulRows(Builder& b, const fk_mul_init&) : threads_(b.host) {}
  void forward(const Run&, const fk_mul_args& a) const {
    const Type type = rows_alike("mul", {{"x", a.x}, {"z", a.z}});
    vector_alike("mul", "y", a.y, a.x);
    for_rows(threads_, a.x->shape[0], a.x->shape[1], [&](int64_t r) {
      kernels().rwkv7.mul[int(type)](row_of(a.x, r), a.y->data, row_of(a.z, r), a.x->shape[1]);
    });
  }

 private:
  Threads threads_;
};

class LerpRows {
 public:
  static void supports(fk_device device, int32_t, const fk_lerp_init&) { support_cpu(device); }
  LerpRows(Builder& b, const fk_lerp_init&) : threads_(b.host) {}
  void forward(const Run&, const fk_lerp_args& a) const {
    const Type type =
        rows_alike("lerp", {{"x", a.x}, {"end", a.end}, {"weight", a.weight}, {"y", a.y}});
    for_rows(threads_, a.x->shape[0], a.x->shape[1], [&](int64_t r) {
      kernels().rwkv7.lerp[int(type)](row_of(a.x, r), row_of(a.end, r), row_of(a.weight, r),
                                      row_of(a.y, r), a.x->shape[1]);
    });
  }

 private:
  Threads threads_;
};

class AddcmulRows {
 public:
  static void supports(fk_device device, int32_t, const fk_addcmul_init&) { support_cpu(device); }
  AddcmulRows(Builder& b, const fk_addcmul_init&) : threads_(b.host) {}
  void forward(const Run&, const fk_addcmul_args& a) const {
    const Type type = rows_alike("addcmul", {{"x", a.x}, {"delta", a.delta}, {"y", a.y}});
    vector_alike("addcmul", "mix", a.mix, a.x);
    for_rows(threads_, a.x->shape[0], a.x->shape[1], [&](int64_t r) {
      kernels().rwkv7.addcmul[int(type)](row_of(a.x, r), row_of(a.delta, r), a.mix->data,
                                         row_of(a.y, r), a.x->shape[1]);
    });
  }

 private:
  Threads threads_;
};

class FusedAddcmulRows {
 public:
  static void supports(fk_device device, int32_t, const fk_fused_addcmul_rwkv7_init&) {
    support_cpu(device);
  }
  FusedAddcmulRows(Builder& b, const fk_fused_addcmul_rwkv7_init&) : threads_(b.host) {}
  void forward(const Run&, const fk_fused_addcmul_rwkv7_args& a) const {
    constexpr const char* kTask = "fused_addcmul_rwkv7";
    const fk_tensor* x = a.hidden_states;
    const Type type = rows_alike(kTask, {{"hidden_states", x},
                                         {"delta", a.delta},
                                         {"xr", a.xr},
                                         {"xw", a.xw},
                                         {"xk", a.xk},
                                         {"xv", a.xv},
                                         {"xa", a.xa},
                                         {"xg", a.xg}});
    const Operand mixes[] = {{"x_r", a.x_r}, {"x_w", a.x_w}, {"x_k", a.x_k},
                             {"x_v", a.x_v}, {"x_a", a.x_a}, {"x_g", a.x_g}};
    const fk_tensor* out[] = {a.xr, a.xw, a.xk, a.xv, a.xa, a.xg};
    for (const Operand& m : mixes) vector_alike(kTask, m.name, m.t, x);
    for_rows(threads_, x->shape[0], 6 * x->shape[1], [&](int64_t r) {
      for (int i = 0; i < 6; ++i)
        kernels().rwkv7.addcmul[int(type)](row_of(x, r), row_of(a.delta, r), mixes[i].t->data,
                                           row_of(out[i], r), x->shape[1]);
    });
  }

 private:
  Threads threads_;
};

class FusedKRows {
 public:
  static void supports(fk_device device, int32_t, const fk_fused_k_rwkv7_init&) {
    support_cpu(device);
  }
  FusedKRows(Builder& b, const fk_fused_k_rwkv7_init&) : threads_(b.host) {}
  void forward(const Run&, const fk_fused_k_rwkv7_args& a) const {
    const Type type = rows_alike("fused_k_rwkv7", {{"k", a.k}, {"a", a.a}, {"y", a.y}});
    vector_alike("fused_k_rwkv7", "k_a", a.k_a, a.k);
    for_rows(threads_, a.k->shape[0], a.k->shape[1], [&](int64_t r) {
      kernels().rwkv7.fused_k[int(type)](row_of(a.k, r), row_of(a.a, r), a.k_a->data,
                                         row_of(a.y, r), a.k->shape[1]);
    });
  }

 private:
  Threads threads_;
};

class CorrectRows {
 public:
  static void supports(fk_device device, int32_t, const fk_gate_output_correction_init&) {
    support_cpu(device);
  }
  CorrectRows(Builder& b, const fk_gate_output_correction_init& i)
      : heads_(i.num_heads), dim_(i.head_dim), threads_(b.host) {}
  void forward(const Run&, const fk_gate_output_correction_args& a) const {
    constexpr const char* kTask = "gate_output_correction";
    const Type type = rows_alike(kTask, {{"o", a.o}, {"g", a.g}, {"y", a.y}});
    const int64_t n = a.o->shape[0];
    require_shape(kTask, "o", a.o, {n, heads_ * dim_});
    for (const Operand& o : {Operand{"r", a.r}, Operand{"k", a.k}, Operand{"v", a.v}}) {
      require_shape(kTask, o.name, o.t, {n, heads_, dim_});
      same_type(kTask, o.name, o.t, a.o);
    }
    require_shape(kTask, "r_k", a.r_k, {heads_, dim_});
    same_type(kTask, "r_k", a.r_k, a.o);
    for_rows(threads_, n, 3 * heads_ * dim_, [&](int64_t r) {
      for (int64_t h = 0; h < heads_; ++h) {
        const int64_t at = h * dim_ * type_bytes(type), row = r * heads_ + h;
        kernels().rwkv7.correct[int(type)](row_of(a.o, r) + at, row_of(a.r, row), row_of(a.k, row),
                                           row_of(a.r_k, h), row_of(a.v, row), row_of(a.g, r) + at,
                                           row_of(a.y, r) + at, dim_);
      }
    });
  }

 private:
  int64_t heads_, dim_;
  Threads threads_;
};

FK_IMPL(fk::Sigmoid, "cpu", "1.0.0", FK_IMPL_BITWISE, SigmoidRows)
FK_IMPL(fk::Tanh, "cpu", "1.0.0", FK_IMPL_BITWISE, TanhRows)
FK_IMPL(fk::SquaredRelu, "cpu", "1.0.0", FK_IMPL_BITWISE, SquaredReluRows)
FK_IMPL(fk::Mul, "cpu", "1.0.0", FK_IMPL_BITWISE, MulRows)
FK_IMPL(fk::Lerp, "cpu", "1.0.0", FK_IMPL_BITWISE, LerpRows)
FK_IMPL(fk::Addcmul, "cpu", "1.0.0", FK_IMPL_BITWISE, AddcmulRows)
FK_IMPL(fk::FusedAddcmulRwkv7, "cpu", "1.0.0", FK_IMPL_BITWISE, FusedAddcmulRows)
FK_IMPL(fk::FusedKRwkv7, "cpu", "1.0.0", FK_IMPL_BITWISE, FusedKRows)
FK_IMPL(fk::GateOutputCorrection, "cpu", "1.0.0", FK_IMPL_BITWISE, CorrectRows)

}  // namespace
}  // namespace fk::cpu
