// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/linear.h"

#include "../matrix.hpp"
#include "common.hpp"
#include "fk/structs/quant.h"

namespace fk::cpu {
namespace {

using fkcpu::Matrix;
using fkcpu::Quant;

constexpr const char* kTask = "linear";

Quant quant_of(int32_t q) {
  switch (q) {
    case FK_QUANT_Q4_0: return Quant::kQ4_0;
    case FK_QUANT_Q4_1: return Quant::kQ4_1;
    case FK_QUANT_Q8_0: return Quant::kQ8_0;
  }
  throw Error(FK_UNSUPPORTED,
              "%s: the cpu plugin keeps q4_0, q4_1 and q8_0 quantised, found quant %d", kTask, q);
}

// Dense weights stay where they are; quantised ones are repacked once, as many bytes again.
class FastLinear {
 public:
  static void supports(fk_device device, int32_t, const fk_linear_init& i) {
    support_cpu(device);
    if (i.quant != FK_QUANT_NONE) quant_of(i.quant);
  }

  FastLinear(Builder& b, const fk_linear_init& i)
      : in_(i.in_features), out_(i.out_features), threads_(b.host) {
    if (i.quant == FK_QUANT_NONE) {
      const Tensor w = b.param("weight");
      matrix_ = Matrix::dense(type_of(kTask, "weight", w.dtype()), w->data, out_, in_);
    } else {
      pack(b, quant_of(i.quant));
    }
    if (!i.bias) return;
    const Tensor bias = b.param("bias");
    const Type type = type_of(kTask, "bias", bias.dtype());
    float* wide = b.alloc<float>(fkcpu::round_up(out_, fkcpu::kGroup));
    if (!b.dry()) {
      kernels().widen[int(type)](bias->data, wide, out_);
      std::fill(wide + out_, wide + fkcpu::round_up(out_, fkcpu::kGroup), 0.0f);
    }
    bias_ = wide;
    has_bias_ = true;
  }

  void forward(const Run& run, const fk_linear_args& a) const {
    require_shape(kTask, "x", a.x, {kAny, in_});
    const int64_t n = a.x->shape[0];
    require_shape(kTask, "y", a.y, {n, out_});
    matrix_.multiply({a.x->data, type_of(kTask, "x", a.x->dtype), a.x->strides[0]}, n,
                     {a.y->data, type_of(kTask, "y", a.y->dtype), a.y->strides[0]},
                     has_bias_ ? bias_ : nullptr, HostWorkers(threads_, run), kernels());
  }

 private:
  void pack(Builder& b, Quant quant) {
    const Tensor blocks = b.param("blocks");
    uint8_t* packed = b.alloc<uint8_t>(int64_t(Matrix::packed_bytes(quant, out_, in_)));
    if (!b.dry())
      threads_.parallel_for(Matrix::groups(out_), [&](int64_t begin, int64_t end, int) {
        Matrix::pack(quant, blocks.data<const uint8_t>(), out_, in_, begin, end, packed);
      });
    matrix_ = Matrix::quantised(quant, packed, out_, in_);
  }

  int64_t in_, out_;
  Threads threads_;
  Matrix matrix_;
  const float* bias_ = nullptr;
  bool has_bias_ = false;
};

FK_IMPL(fk::Linear, "cpu", "1.0.0", 0, FastLinear)

}  // namespace
}  // namespace fk::cpu
