// SPDX-License-Identifier: Apache-2.0
// The tasks that are one expression an element, in the order of registry/tasks/L1.
#include <numbers>

#include "fk/structs/gelu_approximate.h"
#include "fk/tasks/add.h"
#include "fk/tasks/addcmul.h"
#include "fk/tasks/gelu.h"
#include "fk/tasks/lerp.h"
#include "fk/tasks/mul.h"
#include "fk/tasks/sigmoid.h"
#include "fk/tasks/squared_relu.h"
#include "fk/tasks/tanh.h"
#include "map_rows.cuh"

namespace fk::cuda {
namespace {

// The functions are named types: a kernel is instantiated for each.
struct Plus {
  __device__ float operator()(float x, float y) const { return x + y; }
};
struct Times {
  __device__ float operator()(float x, float y) const { return x * y; }
};
struct TimesPlus {
  __device__ float operator()(float x, float delta, float mix) const { return fmaf(delta, mix, x); }
};
struct Between {
  __device__ float operator()(float x, float end, float weight) const {
    return fmaf(weight, end - x, x);
  }
};
struct GeluErf {
  __device__ float operator()(float x) const {
    return 0.5f * x * erfcf(-x * float(1 / std::numbers::sqrt2));
  }
};
struct GeluTanh {
  __device__ float operator()(float x) const {
    const float inner = 0.7978845608028654f * (x + 0.044715f * x * x * x);
    return x / (1.f + expf(-2.f * inner));  // 0.5 * (1 + tanh(z)) = 1 / (1 + exp(-2z))
  }
};
struct Logistic {
  float scale;
  __device__ float operator()(float x) const { return scale / (1.f + expf(-x)); }
};
struct SquareOfRelu {
  __device__ float operator()(float x) const { return x > 0 ? x * x : 0.f; }
};
struct Tanh {
  __device__ float operator()(float x) const { return tanhf(x); }
};

template <class Init>
struct OnCuda {
  static void supports(fk_device device, int32_t sm, const Init&) { support_cuda(device, sm, 80); }
};

struct AddRows : OnCuda<fk_add_init> {
  AddRows(Builder&, const fk_add_init&) {}
  void forward(const Run& run, const fk_add_args& a) const {
    map_rows<2>(run, "add", {{{"x", a.x}, {"y", a.y}}}, "z", a.z, Plus());
  }
};
FK_IMPL(fk::Add, "cuda", "1.0.0", kFlags, AddRows)

struct AddcmulRows : OnCuda<fk_addcmul_init> {
  AddcmulRows(Builder&, const fk_addcmul_init&) {}
  void forward(const Run& run, const fk_addcmul_args& a) const {
    map_rows<3>(run, "addcmul", {{{"x", a.x}, {"delta", a.delta}, {"mix", a.mix}}}, "y", a.y,
                TimesPlus());
  }
};
FK_IMPL(fk::Addcmul, "cuda", "1.0.0", kFlags, AddcmulRows)

class GeluRows : public OnCuda<fk_gelu_init> {
 public:
  GeluRows(Builder&, const fk_gelu_init& i) : tanh_(i.approximate == FK_GELU_APPROXIMATE_TANH) {}
  void forward(const Run& run, const fk_gelu_args& a) const {
    if (tanh_)
      map_rows(run, "gelu", a.x, a.y, GeluTanh());
    else
      map_rows(run, "gelu", a.x, a.y, GeluErf());
  }

 private:
  bool tanh_;
};
FK_IMPL(fk::Gelu, "cuda", "1.0.0", kFlags, GeluRows)

struct LerpRows : OnCuda<fk_lerp_init> {
  LerpRows(Builder&, const fk_lerp_init&) {}
  void forward(const Run& run, const fk_lerp_args& a) const {
    map_rows<3>(run, "lerp", {{{"x", a.x}, {"end", a.end}, {"weight", a.weight}}}, "y", a.y,
                Between());
  }
};
FK_IMPL(fk::Lerp, "cuda", "1.0.0", kFlags, LerpRows)

struct MulRows : OnCuda<fk_mul_init> {
  MulRows(Builder&, const fk_mul_init&) {}
  void forward(const Run& run, const fk_mul_args& a) const {
    map_rows<2>(run, "mul", {{{"x", a.x}, {"y", a.y}}}, "z", a.z, Times());
  }
};
FK_IMPL(fk::Mul, "cuda", "1.0.0", kFlags, MulRows)

class SigmoidRows : public OnCuda<fk_sigmoid_init> {
 public:
  SigmoidRows(Builder&, const fk_sigmoid_init& i) : scale_(float(i.scale)) {}
  void forward(const Run& run, const fk_sigmoid_args& a) const {
    map_rows(run, "sigmoid", a.x, a.y, Logistic{scale_});
  }

 private:
  float scale_;
};
FK_IMPL(fk::Sigmoid, "cuda", "1.0.0", kFlags, SigmoidRows)

struct SquaredReluRows : OnCuda<fk_squared_relu_init> {
  SquaredReluRows(Builder&, const fk_squared_relu_init&) {}
  void forward(const Run& run, const fk_squared_relu_args& a) const {
    map_rows(run, "squared_relu", a.x, a.y, SquareOfRelu());
  }
};
FK_IMPL(fk::SquaredRelu, "cuda", "1.0.0", kFlags, SquaredReluRows)

struct TanhRows : OnCuda<fk_tanh_init> {
  TanhRows(Builder&, const fk_tanh_init&) {}
  void forward(const Run& run, const fk_tanh_args& a) const {
    map_rows(run, "tanh", a.x, a.y, Tanh());
  }
};
FK_IMPL(fk::Tanh, "cuda", "1.0.0", kFlags, TanhRows)

}  // namespace
}  // namespace fk::cuda
