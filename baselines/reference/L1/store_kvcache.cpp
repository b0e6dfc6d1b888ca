// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/store_kvcache.h"

#include "../checks.hpp"
#include "fk/structs/batch_step.h"

namespace fk::reference {
namespace {

constexpr const char* kTask = "store_kvcache";

class StoreKvcacheLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_store_kvcache_init&) {
    support_cpu(device);
  }
  StoreKvcacheLoops(Builder&, const fk_store_kvcache_init&) {}

  void forward(const Run& run, const fk_store_kvcache_args& a) const {
    require_shape(kTask, "k", a.k, {kAny, kAny, kAny});
    const int64_t n = a.k->shape[0], heads = a.k->shape[1], size = a.k->shape[2];
    require_shape(kTask, "v", a.v, {n, heads, size});
    require_shape(kTask, "key_cache", a.key_cache, {kAny, kAny, heads, size});
    require_shape(kTask, "value_cache", a.value_cache,
                  {a.key_cache->shape[0], a.key_cache->shape[1], heads, size});
    require_dtype(kTask, "key_cache", a.key_cache, a.k->dtype);
    require_dtype(kTask, "value_cache", a.value_cache, a.v->dtype);
    const auto& step = run.step<fk_batch_step>();
    require_shape(kTask, "slot_mapping", step.slot_mapping, {n});
    require_dtype(kTask, "slot_mapping", step.slot_mapping, kInt64);
    const int64_t blocks = a.key_cache->shape[0], block_size = a.key_cache->shape[1];
    for (int64_t i = 0; i < n; ++i) {
      const int64_t slot = Tensor(step.slot_mapping).data<int64_t>()[i];
      if (slot < 0) continue;
      FK_REQUIRE(slot < blocks * block_size,
                 "%s: slot_mapping[%" PRId64 "] is %" PRId64 ", want less than %" PRId64, kTask, i,
                 slot, blocks * block_size);
      for (int64_t h = 0; h < heads; ++h) {
        copy(a.k, i, h, a.key_cache, slot / block_size, slot % block_size);
        copy(a.v, i, h, a.value_cache, slot / block_size, slot % block_size);
      }
    }
  }

 private:
  static void copy(Tensor from, int64_t i, int64_t h, Tensor cache, int64_t block, int64_t offset) {
    const int64_t e = int64_t(size_of(from.dtype()));
    const char* source = from.data<char>() + (i * from.stride(0) + h * from.stride(1)) * e;
    char* target = cache.data<char>() +
                   (block * cache.stride(0) + offset * cache.stride(1) + h * cache.stride(2)) * e;
    std::memcpy(target, source, size_t(from.size(2) * e));
  }
};

FK_IMPL(fk::StoreKvcache, "reference", "1.0.0", FK_IMPL_BITWISE, StoreKvcacheLoops)

}  // namespace
}  // namespace fk::reference
