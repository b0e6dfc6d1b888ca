// SPDX-License-Identifier: Apache-2.0
#include "lt_linear.hpp"
#include "skinny.hpp"

namespace fk::cublaslt {
namespace {

FK_IMPL(fk::Linear, "cublaslt", "1.0.0", FK_IMPL_GRAPH_SAFE, LtLinear)

// A model runs one instance for prompts and single tokens alike: up to 8 rows of 16 bits go to our
// own kernel (../cuda/linear_gemv.cuh), the rest to the library. From 9 to 64 rows our kernel
// (../cuda/linear_skinny.cuh) is the faster one alone, but not in the model: a step of 32 sequences
// took 5.67 ms with it and 5.48 without on one H200, as the blocks of the kernels around it start
// early and crowd each other.
class HybridLinear : public LtLinear {
 public:
  static void supports(fk_device device, int32_t sm, const fk_linear_init& i) {
    support_cuda(device, sm, 90);
    LtLinear::supports(device, sm, i);
  }

  HybridLinear(Builder& b, const fk_linear_init& i) : LtLinear(b, i) {
    if (!b.dry() && (!has_bias_ || bias_dtype_ == dtype_))
      skinny_ = Skinny(b, dtype_, weight_, ldw_, out_, in_, false);
  }

  void forward(const Run& run, const fk_linear_args& a) const {
    reference::require_shape("linear", "x", a.x, {reference::kAny, in_});
    reference::require_shape("linear", "y", a.y, {a.x->shape[0], out_});
    const bool head = out_ >= kHead && a.x->shape[0] <= cuda::kGemvMax;
    if (!head && skinny_.takes(a.x, a.y))
      return skinny_.run(run, a.x, has_bias_ ? bias_ : nullptr, a.y);
    LtLinear::forward(run, a);
  }

 private:
  // Rows of the weight from which the library reads it faster even then.
  static constexpr int64_t kHead = 65536;
  Skinny skinny_;
};

FK_IMPL(fk::Linear, "hybrid", "2.0.0", FK_IMPL_GRAPH_SAFE, HybridLinear)

}  // namespace
}  // namespace fk::cublaslt
