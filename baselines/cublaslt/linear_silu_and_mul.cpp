// SPDX-License-Identifier: Apache-2.0
// gate_proj, up_proj and what joins them: in one kernel for up to 64 rows, a product and a
// pointwise kernel for more.
#include "fk/tasks/linear_silu_and_mul.h"

#include "lt_linear.hpp"
#include "silu_and_mul.hpp"
#include "skinny.hpp"

namespace fk::cublaslt {
namespace {

constexpr const char* kTask = "linear_silu_and_mul";

class HybridLinearSiluAndMul : public LtLinear {
 public:
  static void supports(fk_device device, int32_t sm, const fk_linear_silu_and_mul_init& i) {
    support_cuda(device, sm, 90);
    FK_SUPPORT(i.quant == FK_QUANT_NONE, "takes unquantised weights, found quant %d", int(i.quant));
    FK_SUPPORT(i.tp_size > 0 && i.intermediate_size % i.tp_size == 0,
               "intermediate_size %" PRId64 " cannot be split over %" PRId64 " ranks",
               i.intermediate_size, i.tp_size);
    LtLinear::supports(device, sm, linear_of(i));
  }

  HybridLinearSiluAndMul(Builder& b, const fk_linear_silu_and_mul_init& i)
      : LtLinear(b, linear_of(i)), width_(out_ / 2) {
    FK_SUPPORT(dtype_.bits == 16, "%s: takes 16-bit weights, found dtype code %d with %d bits",
               kTask, dtype_.code, dtype_.bits);
    if (!b.dry() && (!has_bias_ || bias_dtype_ == dtype_))
      skinny_ = Skinny(b, dtype_, weight_, ldw_, out_, in_, true);
  }

  void forward(const Run& run, const fk_linear_silu_and_mul_args& a) const {
    reference::require_shape(kTask, "x", a.x, {reference::kAny, in_});
    const int64_t m = a.x->shape[0];
    reference::require_shape(kTask, "y", a.y, {m, width_});
    if (m == 0 || width_ == 0) return;
    if (skinny_.takes(a.x, a.y)) return skinny_.run(run, a.x, has_bias_ ? bias_ : nullptr, a.y);
    const TensorView both = run.tensor(a.y->dtype, {m, out_});
    LtLinear::forward(run, {.x = a.x, .y = both});
    silu_and_mul(run, both, a.y);
  }

 private:
  static fk_linear_init linear_of(const fk_linear_silu_and_mul_init& i) {
    return {.in_features = i.in_features,
            .out_features = 2 * i.intermediate_size / i.tp_size,
            .bias = i.bias,
            .quant = i.quant};
  }

  int64_t width_;
  Skinny skinny_;
};

FK_IMPL(fk::LinearSiluAndMul, "hybrid", "1.0.0", FK_IMPL_GRAPH_SAFE, HybridLinearSiluAndMul)

}  // namespace
}  // namespace fk::cublaslt
