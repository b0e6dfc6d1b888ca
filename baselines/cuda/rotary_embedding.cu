// SPDX-License-Identifier: Apache-2.0
#include "rotary.cuh"

namespace fk::cuda {
namespace {

constexpr const char* kTask = "rotary_embedding";

class RotaryEmbedding {
 public:
  static void supports(fk_device device, int32_t sm, const fk_rotary_embedding_init&) {
    support_cuda(device, sm, 80);
  }
  RotaryEmbedding(Builder& b, const fk_rotary_embedding_init& i)
      : head_(i.head_size),
        pairs_(i.rotary_dim / 2),
        positions_(i.max_position_embeddings),
        neox_(i.is_neox_style) {
    RotaryTable::require_init(kTask, i);
    if (!b.dry()) table_ = RotaryTable::of(b, i);
  }

  void forward(const Run& run, const fk_rotary_embedding_args& a) const {
    require_shape(kTask, "positions", a.positions, {kAny});
    require_dtype(kTask, "positions", a.positions, kInt64);
    const int64_t n = a.positions->shape[0];
    require_shape(kTask, "q", a.q, {n, kAny, head_});
    if (a.k) require_shape(kTask, "k", a.k, {n, kAny, head_});
    if (a.k) require_dtype(kTask, "k", a.k, a.q->dtype);
    const bool vectors = pairs_ % 8 == 0 && aligned16(a.q) && (!a.k || aligned16(a.k));
    with_type(kTask, "q", a.q->dtype, [&](auto type) {
      using T = decltype(type);
      RotaryArgs<T> r{};
      r.positions = static_cast<const int64_t*>(a.positions->data);
      r.table = table_->data();
      r.last_position = positions_ - 1;
      r.q = static_cast<T*>(a.q->data);
      r.q_row = a.q->strides[0];
      r.q_head = a.q->strides[1];
      r.q_heads = r.heads = uint32_t(a.q->shape[1]);
      r.pairs = uint32_t(pairs_);
      if (a.k) {
        r.k = static_cast<T*>(a.k->data);
        r.k_row = a.k->strides[0];
        r.k_head = a.k->strides[1];
        r.heads += uint32_t(a.k->shape[1]);
      }
      launch_rotary(r, n, neox_, vectors, stream_of(run));
    });
  }

 private:
  int64_t head_, pairs_, positions_;
  bool neox_;
  std::shared_ptr<const RotaryTable> table_;
};

FK_IMPL(fk::RotaryEmbedding, "cuda", "1.0.0", kFlags, RotaryEmbedding)

}  // namespace
}  // namespace fk::cuda
