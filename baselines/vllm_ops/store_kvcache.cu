// SPDX-License-Identifier: Apache-2.0
// store_kvcache by vLLM's reshape_and_cache_flash. It reads each token's heads side by side.
#include "fk/structs/batch_step.h"
#include "fk/tasks/store_kvcache.h"
#include "library.hpp"
#include "rows.cuh"

namespace fk::vllm_ops {
namespace {

using reference::kAny;
using reference::require_dtype;
using reference::require_shape;

constexpr const char *kTask = "store_kvcache", *kOp = "_C_cache_ops::reshape_and_cache_flash";

class VllmStoreKvcache {
 public:
  static void supports(fk_device device, int32_t sm, const fk_store_kvcache_init&) {
    support_cuda(device, sm, 90);
    const char* fault = op_fault(kOp);
    FK_SUPPORT(!fault, "%s: %s", kOp, fault);
  }
  VllmStoreKvcache(Builder& b, const fk_store_kvcache_init&) : one_(b.alloc<float>(1)) {
    if (b.dry()) return;
    const float one = 1;
    FK_CUDA_CHECK(cudaMemcpy(one_, &one, sizeof one, cudaMemcpyHostToDevice));
  }

  void forward(const Run& run, const fk_store_kvcache_args& a) const {
    require_shape(kTask, "k", a.k, {kAny, kAny, kAny});
    const int64_t n = a.k->shape[0], heads = a.k->shape[1], size = a.k->shape[2];
    require_shape(kTask, "v", a.v, {n, heads, size});
    require_shape(kTask, "key_cache", a.key_cache, {kAny, kAny, heads, size});
    const int64_t blocks = a.key_cache->shape[0], block_size = a.key_cache->shape[1];
    require_shape(kTask, "value_cache", a.value_cache, {blocks, block_size, heads, size});
    for (const fk_tensor* t : {a.v, a.key_cache, a.value_cache})
      require_dtype(kTask, t == a.v ? "v" : "a cache", t, a.k->dtype);
    const auto& step = run.step<fk_batch_step>();
    require_shape(kTask, "slot_mapping", step.slot_mapping, {n});
    require_dtype(kTask, "slot_mapping", step.slot_mapping, kInt64);
    if (!n || !heads || !size) return;
    FK_SUPPORT(std::equal(a.key_cache->strides, a.key_cache->strides + 4, a.value_cache->strides),
               "%s: vLLM's op wants keys and values of equal strides", kTask);
    FK_SUPPORT(size == 1 || a.key_cache->strides[2] == size,
               "%s: vLLM's op wants the heads of a token side by side in the cache", kTask);
    const Side k = side("k", run, a.k), v = side("v", run, a.v);
    const fk_dtype type = a.k->dtype;
    const int device = run.raw.device.index;
    const auto cache = [&](Call& c, const fk_tensor* t) {
      const int64_t* s = t->strides;
      c.tensor(t->data, type, device, {blocks, block_size, heads, size}, {s[0], s[1], s[2], s[3]});
    };
    Call c;
    c.tensor(k.data, type, device, {n, heads, size}, {k.row, size, 1});
    c.tensor(v.data, type, device, {n, heads, size}, {v.row, size, 1});
    cache(c, a.key_cache), cache(c, a.value_cache);
    c.tensor(step.slot_mapping->data, kInt64, device, {n});
    c.text("auto");
    c.tensor(one_, kFloat32, device, {1}).tensor(one_, kFloat32, device, {1});
    c.run(kOp, stream_of(run));
  }

 private:
  struct Side {
    void* data;
    int64_t row;
  };
  // A slice of a wider matrix is taken as it is, heads with gaps between them are packed.
  static Side side(const char* name, const Run& run, const fk_tensor* t) {
    const int64_t size = t->shape[2], row = t->shape[1] * size;
    if ((t->shape[1] == 1 || t->strides[1] == size) && cuda::aligned16(t))
      return {t->data, t->shape[0] > 1 ? t->strides[0] : row};
    const Packed packed(kTask, name, run, t, t->dtype);
    packed.read();
    return {packed.data(), row};
  }
  float* one_;
};

FK_IMPL(fk::StoreKvcache, "vllm", "0.26.0", FK_IMPL_GRAPH_SAFE, VllmStoreKvcache)

}  // namespace
}  // namespace fk::vllm_ops
