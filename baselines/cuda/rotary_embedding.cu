// SPDX-License-Identifier: Apache-2.0
#include "fk/structs/rope_type.h"
#include "fk/tasks/rotary_embedding.h"
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
    FK_REQUIRE(i.rotary_dim > 0 && i.rotary_dim % 2 == 0 && i.rotary_dim <= i.head_size,
               "%s: rotary_dim is %" PRId64 ", want an even number up to head_size %" PRId64, kTask,
               i.rotary_dim, i.head_size);
    FK_REQUIRE(positions_ > 0, "%s: max_position_embeddings is %" PRId64 ", want more than 0",
               kTask, positions_);
    table_ = b.alloc<float>(positions_ * 2 * pairs_);
    if (b.dry()) return;
    const auto type = i.rope_type == FK_ROPE_TYPE_LINEAR   ? RotaryInit::kLinear
                      : i.rope_type == FK_ROPE_TYPE_LLAMA3 ? RotaryInit::kLlama3
                                                           : RotaryInit::kDefault;
    launch_rotary_table({i.base, i.factor, i.low_freq_factor, i.high_freq_factor,
                         double(i.original_max_position_embeddings), int32_t(pairs_), type},
                        positions_, table_, stream_of(b));
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
      r.table = table_;
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
  float* table_ = nullptr;
};

FK_IMPL(fk::RotaryEmbedding, "cuda", "1.0.0", kFlags, RotaryEmbedding)

}  // namespace
}  // namespace fk::cuda
