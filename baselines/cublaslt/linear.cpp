// SPDX-License-Identifier: Apache-2.0
#include "lt_linear.hpp"
#include "skinny.hpp"

namespace fk::cublaslt {
namespace {

FK_IMPL(fk::Linear, "cublaslt", "1.0.0", FK_IMPL_GRAPH_SAFE, LtLinear)

// A model runs one instance for prompts and single tokens alike. Up to 64 rows of 16 bits a kernel
// of our own (../cuda/linear_skinny.hpp) competes with the library, and what was faster behind a
// small kernel, as in a model, is taken.
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
    if (skinny_.takes(a.x, a.y) && ours_is_faster(run, a))
      return skinny_.run(run, a.x, has_bias_ ? bias_ : nullptr, a.y);
    LtLinear::forward(run, a);
  }

 private:
  bool ours_is_faster(const Run& run, const fk_linear_args& a) const {
    const int64_t m = a.x->shape[0];
    const Problem p = problem(m, a.x->data, m > 1 ? a.x->strides[0] : in_, a.y->data, a.y->dtype,
                              m > 1 ? a.y->strides[0] : out_);
    auto rival = [&] {
      const auto x = std::shared_ptr<TensorView>(new TensorView(run.tensor(a.x->dtype, {m, in_})));
      const fk_tensor* copy = *x;
      auto before = [&run, &a, copy] {
        launch_convert(a.x->data, a.x->dtype, a.x->strides[0], copy->data, copy->dtype,
                       copy->strides[0], copy->shape[0], copy->shape[1], true, stream_of(run));
      };
      auto with = [this, &run, &a, x,
                   others = std::map<const void*, Skinny>()](const void* w) mutable {
        auto at = others.find(w);
        if (at == others.end()) at = others.emplace(w, skinny_.with(w)).first;
        at->second.run(run, *x, has_bias_ ? bias_ : nullptr, a.y);
      };
      return Library::Rival{before, copy->data, with};
    };
    return library_->beaten_by(matmul(p), p, weight_, a.y->data, stream_of(run), capturing(run),
                               m <= cuda::kGemvMax, rival);
  }

  Skinny skinny_;
};

FK_IMPL(fk::Linear, "hybrid", "2.0.0", FK_IMPL_GRAPH_SAFE, HybridLinear)

}  // namespace
}  // namespace fk::cublaslt
