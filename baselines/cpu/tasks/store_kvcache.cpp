// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/store_kvcache.h"

#include "common.hpp"
#include "fk/structs/batch_step.h"

namespace fk::cpu {
namespace {

constexpr const char* kTask = "store_kvcache";

class StoreRows {
 public:
  static void supports(fk_device device, int32_t, const fk_store_kvcache_init&) {
    support_cpu(device);
  }
  StoreRows(Builder& b, const fk_store_kvcache_init&) : threads_(b.host) {}

  void forward(const Run& run, const fk_store_kvcache_args& a) const {
    require_shape(kTask, "k", a.k, {kAny, kAny, kAny});
    const int64_t n = a.k->shape[0], heads = a.k->shape[1], size = a.k->shape[2];
    require_shape(kTask, "v", a.v, {n, heads, size});
    require_shape(kTask, "key_cache", a.key_cache, {kAny, kAny, heads, size});
    const int64_t blocks = a.key_cache->shape[0], block_size = a.key_cache->shape[1];
    require_shape(kTask, "value_cache", a.value_cache, {blocks, block_size, heads, size});
    require_dtype(kTask, "key_cache", a.key_cache, a.k->dtype);
    require_dtype(kTask, "value_cache", a.value_cache, a.v->dtype);
    const auto& step = run.step<fk_batch_step>();
    require_shape(kTask, "slot_mapping", step.slot_mapping, {n});
    require_dtype(kTask, "slot_mapping", step.slot_mapping, kInt64);
    const int64_t* slots = static_cast<const int64_t*>(step.slot_mapping->data);
    for (int64_t i = 0; i < n; ++i)
      FK_REQUIRE(slots[i] < blocks * block_size,
                 "%s: slot_mapping[%" PRId64 "] is %" PRId64 ", want less than %" PRId64, kTask, i,
                 slots[i], blocks * block_size);
    for_rows(threads_, n, 2 * heads * size, [&](int64_t i) {
      if (slots[i] < 0) return;
      for (int64_t h = 0; h < heads; ++h) {
        copy(a.k, i, h, a.key_cache, slots[i]);
        copy(a.v, i, h, a.value_cache, slots[i]);
      }
    });
  }

 private:
  static void copy(const fk_tensor* from, int64_t i, int64_t h, const fk_tensor* cache,
                   int64_t slot) {
    const int64_t e = int64_t(size_of(from->dtype)), block_size = cache->shape[1];
    const char* source =
        static_cast<const char*>(from->data) + (i * from->strides[0] + h * from->strides[1]) * e;
    char* target = static_cast<char*>(cache->data) +
                   (slot / block_size * cache->strides[0] + slot % block_size * cache->strides[1] +
                    h * cache->strides[2]) *
                       e;
    std::memcpy(target, source, size_t(from->shape[2] * e));
  }

  Threads threads_;
};

FK_IMPL(fk::StoreKvcache, "cpu", "1.0.0", FK_IMPL_BITWISE, StoreRows)

}  // namespace
}  // namespace fk::cpu
