// SPDX-License-Identifier: Apache-2.0
// Rows of k and v to the slots of a paged cache, in one launch. The cache is written where
// slot_mapping says on the device; a negative slot (a padded row of a graph) stores nothing.
#include "copy_rows.cuh"
#include "fk/structs/batch_step.h"
#include "fk/tasks/store_kvcache.h"

namespace fk::cuda {
namespace {

constexpr const char* kTask = "store_kvcache";

struct StoreArgs {
  struct Side {
    const char* rows;
    char* cache;
    int64_t row, head, block, offset, cache_head;  // strides in bytes
  } side[2];                                       // k, v
  const int64_t* slots;
  int64_t block_size, count;  // count: slots of the cache
  uint32_t units, work;       // accesses a head; accesses of k and of v a token
};

template <class U>
__global__ void __launch_bounds__(256) store_kvcache_kernel(StoreArgs a) {
  device::wait_for_previous();
  device::launch_next();
  const uint32_t at = blockIdx.y * blockDim.x + threadIdx.x;
  const int64_t slot = a.slots[blockIdx.x];
  if (at >= 2 * a.work || slot < 0 || slot >= a.count) return;
  const auto& side = a.side[at >= a.work];
  const uint32_t i = at >= a.work ? at - a.work : at, head = i / a.units, unit = i % a.units;
  const int64_t block = slot / a.block_size, offset = slot - block * a.block_size;
  const char* from = side.rows + blockIdx.x * side.row + head * side.head;
  char* to = side.cache + block * side.block + offset * side.offset + head * side.cache_head;
  reinterpret_cast<U*>(to)[unit] = reinterpret_cast<const U*>(from)[unit];
}

class StoreKvcache {
 public:
  static void supports(fk_device device, int32_t sm, const fk_store_kvcache_init&) {
    support_cuda(device, sm, 80);
  }
  StoreKvcache(Builder&, const fk_store_kvcache_init&) {}

  void forward(const Run& run, const fk_store_kvcache_args& a) const {
    require_shape(kTask, "k", a.k, {kAny, kAny, kAny});
    const int64_t n = a.k->shape[0], heads = a.k->shape[1], size = a.k->shape[2];
    require_shape(kTask, "v", a.v, {n, heads, size});
    require_shape(kTask, "key_cache", a.key_cache, {kAny, kAny, heads, size});
    require_shape(kTask, "value_cache", a.value_cache,
                  {a.key_cache->shape[0], a.key_cache->shape[1], heads, size});
    require_dtype(kTask, "key_cache", a.key_cache, a.k->dtype);
    require_dtype(kTask, "v", a.v, a.k->dtype);
    require_dtype(kTask, "value_cache", a.value_cache, a.v->dtype);
    const auto& step = run.step<fk_batch_step>();
    require_shape(kTask, "slot_mapping", step.slot_mapping, {n});
    require_dtype(kTask, "slot_mapping", step.slot_mapping, kInt64);
    StoreArgs s{};
    s.side[0] = side(a.k, a.key_cache);
    s.side[1] = side(a.v, a.value_cache);
    s.slots = static_cast<const int64_t*>(step.slot_mapping->data);
    s.block_size = a.key_cache->shape[1];
    s.count = a.key_cache->shape[0] * s.block_size;
    const int64_t head_bytes = size * int64_t(size_of(a.k->dtype));
    int bytes = access_bytes({head_bytes});
    for (const auto& x : s.side)
      bytes = std::min(bytes, access_bytes({address(x.rows), address(x.cache), x.row, x.head,
                                            x.block, x.offset, x.cache_head}));
    if (!n || !heads || !size) return;
    with_access(bytes, [&](auto unit) {
      s.units = uint32_t(head_bytes / bytes);
      s.work = s.units * uint32_t(heads);
      const uint32_t threads = std::min(256u, (2 * s.work + 31) / 32 * 32);
      const dim3 grid(uint32_t(n), (2 * s.work + threads - 1) / threads);
      launch(store_kvcache_kernel<decltype(unit)>, grid, dim3(threads), 0, stream_of(run), true, s);
    });
  }

 private:
  static StoreArgs::Side side(const fk_tensor* rows, const fk_tensor* cache) {
    const int64_t e = int64_t(size_of(rows->dtype));
    return {static_cast<const char*>(rows->data),
            static_cast<char*>(cache->data),
            rows->strides[0] * e,
            rows->strides[1] * e,
            cache->strides[0] * e,
            cache->strides[1] * e,
            cache->strides[2] * e};
  }
};

FK_IMPL(fk::StoreKvcache, "cuda", "1.0.0", kFlags, StoreKvcache)

}  // namespace
}  // namespace fk::cuda
