// SPDX-License-Identifier: Apache-2.0
// attention whose decode steps are one launch: rotary embedding, store and attention. Every other
// step is the composed one's: rope_store_kvcache, then paged_attention.
#include "../../../baselines/composed/store_step.hpp"
#include "../../../baselines/cuda/decode_launch.cuh"
#include "../../../baselines/cuda/paged_attention_args.hpp"
#include "fk/tasks/attention.h"
#include "rotating.cuh"

namespace fk::rope_decode {
namespace {

namespace decode = cuda::decode;
constexpr const char* kTask = "attention";

template <class F>
void with_kernel(bool bfloat, int64_t head_size, const F& f) {
  const auto sized = [&](auto element) {
    using T = decltype(element);
    if (head_size == 128)
      f.template operator()<T, 128>();
    else
      f.template operator()<T, 64>();
  };
  bfloat ? sized(__nv_bfloat16()) : sized(__half());
}

class Attention {
 public:
  static void supports(fk_device device, int32_t sm, const fk_attention_init& i) {
    support_cuda(device, sm, 90);
    FK_SUPPORT(i.rotary_emb, "no rotary_emb: composed does as well");
    FK_SUPPORT(i.head_size == 64 || i.head_size == 128, "head_size %" PRId64 ", only 64 and 128",
               i.head_size);
    FK_SUPPORT(i.num_kv_heads > 0 && i.num_heads % i.num_kv_heads == 0 &&
                   i.num_heads / i.num_kv_heads <= 8,
               "%" PRId64 " heads on %" PRId64 " kv heads, only groups of up to 8", i.num_heads,
               i.num_kv_heads);
    FK_SUPPORT(i.scale > 0, "scale %g, only above 0", i.scale);
    FK_SUPPORT(!i.alibi, "no ALiBi");
  }

  Attention(Builder& b, const fk_attention_init& i)
      : heads_{.num_heads = i.num_heads,
               .num_kv_heads = i.num_kv_heads,
               .head_size = i.head_size,
               .scale = i.scale,
               .sliding_window = i.sliding_window,
               .logits_soft_cap = i.logits_soft_cap} {
    const fk_dtype dtype = b.dtype();
    FK_SUPPORT(dtype.lanes == 0 || dtype == kBFloat16 || dtype == kFloat16,
               "computes bfloat16 and float16");
    FK_REQUIRE(!i.sliding_window.has || i.sliding_window.value > 0,
               "%s: sliding_window is %" PRId64 ", want at least 1", kTask, i.sliding_window.value);
    b.need_minor(1);
    const auto& rope = Child<fk::RotaryEmbedding>::borrow(i.rotary_emb).init();
    cuda::RotaryTable::require_init(kTask, rope);
    FK_REQUIRE(rope.head_size == i.head_size,
               "%s: rotary_emb has head_size %" PRId64 ", want %" PRId64, kTask, rope.head_size,
               i.head_size);
    FK_SUPPORT(rope.is_neox_style, "rotates neox style only");
    FK_SUPPORT(rope.rotary_dim % 16 == 0, "rotary_dim %" PRId64 ", only multiples of 16",
               rope.rotary_dim);
    pairs_ = rope.rotary_dim / 2;
    positions_ = rope.max_position_embeddings;
    store_ = composed::StoreStep(b, i);
    attend_ = b.child<fk::PagedAttention>("", heads_);
    if (b.dry()) {
      b.alloc<unsigned>(decode::grid_of(132));
    } else {
      for (const bool bfloat : {false, true})
        with_kernel(bfloat, i.head_size,
                    [&]<class T, int D>() { decode::prepare<T, D, Rotating>(); });
      int count = 0;
      FK_CUDA_CHECK(
          cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, b.device().index));
      workspace_.ctas = decode::grid_of(count);
      workspace_.arrived = b.alloc<unsigned>(workspace_.ctas);
      FK_CUDA_CHECK(cudaMemsetAsync(workspace_.arrived, 0,
                                    size_t(workspace_.ctas) * sizeof(unsigned), stream_of(b)));
      table_ = cuda::RotaryTable::of(b, rope);
    }
    // Last: the memory of states is kept when create() refuses.
    key_cache_ = b.state("key_cache");
    value_cache_ = b.state("value_cache");
  }

  void forward(const Run& run, const fk_attention_args& a) const {
    const auto& step = run.step<fk_batch_step>();
    const fk_tensor *keys = key_cache_.get(), *values = value_cache_.get();
    const fk_paged_attention_args attend{
        .q = a.q, .key_cache = keys, .value_cache = values, .out = a.out};
    if (step.max_query_len != 1 || step.num_seqs != step.num_tokens || !taken(a, attend)) {
      store_(run, a, keys, values);
      return attend_(run, attend);
    }
    const int64_t n = check(a, attend, step);
    if (n == 0) return;
    const PagedAttentionParams p = cuda::paged_attention_params(heads_, attend, step);
    DecodeWorkspace w = workspace_;
    w.partial = run.scratch<float>(decode::partial_floats(p, w.ctas));
    const Rotating source = rotating(a, attend, step);
    with_kernel(a.q->dtype == kBFloat16, heads_.head_size,
                [&]<class T, int D>() { decode::run<T, D>(p, w, source, stream_of(run)); });
  }

 private:
  using DecodeWorkspace = cuda::DecodeWorkspace;

  // What the kernels read and write 16 bytes at a time.
  static bool taken(const fk_attention_args& a, const fk_paged_attention_args& attend) {
    return (a.q->dtype == kBFloat16 || a.q->dtype == kFloat16) && cuda::aligned16(attend) &&
           cuda::aligned16(a.k) && cuda::aligned16(a.v) && attend.key_cache->shape[1] % 16 == 0;
  }

  int64_t check(const fk_attention_args& a, const fk_paged_attention_args& attend,
                const fk_batch_step& step) const {
    const int64_t n = cuda::require_paged_attention(heads_, attend, step);
    cuda::require_present(kTask, "positions", a.positions);
    cuda::require_shape(kTask, "positions", a.positions, {n});
    cuda::require_dtype(kTask, "positions", a.positions, kInt64);
    cuda::require_shape(kTask, "k", a.k, {n, heads_.num_kv_heads, heads_.head_size});
    cuda::require_shape(kTask, "v", a.v, {n, heads_.num_kv_heads, heads_.head_size});
    cuda::require_dtype(kTask, "k", a.k, a.q->dtype);
    cuda::require_dtype(kTask, "v", a.v, a.q->dtype);
    cuda::require_shape(kTask, "slot_mapping", step.slot_mapping, {n});
    cuda::require_dtype(kTask, "slot_mapping", step.slot_mapping, kInt64);
    const fk_tensor* cache = attend.key_cache;
    FK_SUPPORT(cache->shape[0] * cache->shape[1] <= INT32_MAX,
               "%s: a cache of %" PRId64 " slots, at most 2^31", kTask,
               cache->shape[0] * cache->shape[1]);
    return n;
  }

  Rotating rotating(const fk_attention_args& a, const fk_paged_attention_args& attend,
                    const fk_batch_step& step) const {
    const fk_tensor* cache = attend.key_cache;
    return {.positions = static_cast<const int64_t*>(a.positions->data),
            .slots = static_cast<const int64_t*>(step.slot_mapping->data),
            .table = table_->data(),
            .q = a.q->data,
            .k = a.k->data,
            .v = a.v->data,
            .key = cache->data,
            .value = attend.value_cache->data,
            .k_row = a.k->strides[0],
            .k_head = a.k->strides[1],
            .v_row = a.v->strides[0],
            .v_head = a.v->strides[1],
            .last_position = positions_ - 1,
            .slot_count = int(cache->shape[0] * cache->shape[1]),
            .pairs = int(pairs_)};
  }

  fk_paged_attention_init heads_;
  int64_t pairs_ = 0, positions_ = 0;
  Tensor key_cache_, value_cache_;
  composed::StoreStep store_;
  Child<fk::PagedAttention> attend_;
  DecodeWorkspace workspace_{};
  std::shared_ptr<const cuda::RotaryTable> table_;
};

FK_IMPL(fk::Attention, "rope_decode", "0.1.0", FK_IMPL_COMPOSITE | FK_IMPL_GRAPH_SAFE, Attention)

}  // namespace
}  // namespace fk::rope_decode
