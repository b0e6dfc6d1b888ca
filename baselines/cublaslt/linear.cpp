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
    if (const auto known = library_->known_beaten(p)) return *known;
    if (capturing(run)) return m <= cuda::kGemvMax;  // a guess, as nothing can be timed now
    const TensorView x = run.tensor(a.x->dtype, {m, in_});
    std::map<const void*, Skinny> others;
    const Library::Rival rival{[&] {
                                 launch_convert(a.x->data, a.x->dtype, a.x->strides[0], x->data,
                                                x->dtype, x->strides[0], m, in_, true,
                                                stream_of(run));
                               },
                               x->data,
                               [&](const void* w) {
                                 auto at = others.find(w);
                                 if (at == others.end())
                                   at = others.emplace(w, skinny_.with(w)).first;
                                 at->second.run(run, x, has_bias_ ? bias_ : nullptr, a.y);
                               }};
    return library_->time_rival(matmul(p), p, rival, weight_, a.y->data, stream_of(run));
  }

  Skinny skinny_;
};

FK_IMPL(fk::Linear, "hybrid", "2.0.0", FK_IMPL_GRAPH_SAFE, HybridLinear)

}  // namespace
}  // namespace fk::cublaslt
