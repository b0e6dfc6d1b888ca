// SPDX-License-Identifier: Apache-2.0
#include "fk/structs/batch_step.h"
#include "fk/tasks/rope_store_kvcache.h"
#include "rope_store_many.cuh"

namespace fk::cuda {
namespace {

constexpr const char* kTask = "rope_store_kvcache";

// It does what the borrowed rotary_embedding would, whoever implements that: from its init.
class RopeStoreKvcache {
 public:
  static void supports(fk_device device, int32_t sm, const fk_rope_store_kvcache_init&) {
    support_cuda(device, sm, 80);
  }
  RopeStoreKvcache(Builder& b, const fk_rope_store_kvcache_init& i) {
    b.need_minor(1);
    const auto& rope = Child<fk::RotaryEmbedding>::borrow(i.rotary_emb).init();
    RotaryTable::require_init(kTask, rope);
    head_ = rope.head_size;
    pairs_ = rope.rotary_dim / 2;
    positions_ = rope.max_position_embeddings;
    neox_ = rope.is_neox_style;
    if (b.dry()) return;
    table_ = RotaryTable::of(b, rope);
    FK_CUDA_CHECK(cudaDeviceGetAttribute(&multiprocessors_, cudaDevAttrMultiProcessorCount,
                                         b.device().index));
  }

  void forward(const Run& run, const fk_rope_store_kvcache_args& a) const {
    const auto& step = run.step<fk_batch_step>();
    check(a, step);
    const int64_t n = a.positions->shape[0];
    bool vectors = pairs_ % 8 == 0;
    for (const fk_tensor* t : {a.q, a.k, a.v, a.key_cache, a.value_cache})
      vectors = vectors && packs(t);
    with_type(kTask, "q", a.q->dtype, [&](auto type) {
      using T = decltype(type);
      RopeStoreArgs<T> r{};
      r.positions = static_cast<const int64_t*>(a.positions->data);
      r.slots = static_cast<const int64_t*>(step.slot_mapping->data);
      r.table = table_->data();
      r.q = static_cast<T*>(a.q->data);
      r.k = static_cast<T*>(a.k->data);
      r.v = static_cast<const T*>(a.v->data);
      r.key = cache<T>(a.key_cache);
      r.value = cache<T>(a.value_cache);
      r.q_row = a.q->strides[0], r.q_head = a.q->strides[1];
      r.k_row = a.k->strides[0], r.k_head = a.k->strides[1];
      r.v_row = a.v->strides[0], r.v_head = a.v->strides[1];
      r.last_position = positions_ - 1;
      r.block_size = uint32_t(a.key_cache->shape[1]);
      r.slot_count = uint32_t(a.key_cache->shape[0] * a.key_cache->shape[1]);
      r.q_heads = uint32_t(a.q->shape[1]);
      r.kv_heads = uint32_t(a.k->shape[1]);
      r.pairs = uint32_t(pairs_);
      r.size = uint32_t(head_);
      launch_rope_store(r, n, neox_, vectors, multiprocessors_, stream_of(run));
    });
  }

 private:
  void check(const fk_rope_store_kvcache_args& a, const fk_batch_step& step) const {
    require_shape(kTask, "positions", a.positions, {kAny});
    require_dtype(kTask, "positions", a.positions, kInt64);
    const int64_t n = a.positions->shape[0];
    require_shape(kTask, "q", a.q, {n, kAny, head_});
    require_shape(kTask, "k", a.k, {n, kAny, head_});
    const int64_t heads = a.k->shape[1];
    require_shape(kTask, "v", a.v, {n, heads, head_});
    require_shape(kTask, "key_cache", a.key_cache, {kAny, kAny, heads, head_});
    const int64_t blocks = a.key_cache->shape[0], block_size = a.key_cache->shape[1];
    require_shape(kTask, "value_cache", a.value_cache, {blocks, block_size, heads, head_});
    require_dtype(kTask, "k", a.k, a.q->dtype);
    require_dtype(kTask, "v", a.v, a.q->dtype);
    require_dtype(kTask, "key_cache", a.key_cache, a.q->dtype);
    require_dtype(kTask, "value_cache", a.value_cache, a.q->dtype);
    require_shape(kTask, "slot_mapping", step.slot_mapping, {n});
    require_dtype(kTask, "slot_mapping", step.slot_mapping, kInt64);
    FK_SUPPORT(blocks * block_size <= INT32_MAX, "%s: a cache of %" PRId64 " slots, at most 2^31",
               kTask, blocks * block_size);
  }

  template <class T>
  static typename RopeStoreArgs<T>::Cache cache(const fk_tensor* t) {
    return {static_cast<T*>(t->data), t->strides[0], t->strides[1], t->strides[2]};
  }

  int64_t head_ = 0, pairs_ = 0, positions_ = 0;
  bool neox_ = true;
  int multiprocessors_ = 0;
  std::shared_ptr<const RotaryTable> table_;
};

FK_IMPL(fk::RopeStoreKvcache, "cuda", "1.0.0", kFlags, RopeStoreKvcache)

}  // namespace
}  // namespace fk::cuda
