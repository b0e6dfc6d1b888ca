// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/flash_attn_varlen.h"

#include "../attention_checks.hpp"
#include "../attention_work.hpp"
#include "../packed.hpp"

namespace fk::reference {
namespace {

constexpr const char* kTask = "flash_attn_varlen";

class FlashAttnVarlenLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_flash_attn_varlen_init&) {
    support_cpu(device);
  }
  FlashAttnVarlenLoops(Builder& b, const fk_flash_attn_varlen_init& i)
      : init_(i), threads_(b.host) {
    require_groups(kTask, i.num_heads, i.num_kv_heads);
  }

  void forward(const Run& run, const fk_flash_attn_varlen_args& a) const {
    require_shape(kTask, "q", a.q, {kAny, init_.num_heads, init_.head_size});
    require_shape(kTask, "k", a.k, {kAny, init_.num_kv_heads, init_.head_size});
    const int64_t n = a.q->shape[0], m = a.k->shape[0];
    require_shape(kTask, "v", a.v, {m, init_.num_kv_heads, init_.head_size});
    require_shape(kTask, "out", a.out, {n, init_.num_heads, init_.head_size});
    const Packed step(kTask, run, n);
    if (a.cu_seqlens_k) {
      require_shape(kTask, "cu_seqlens_k", a.cu_seqlens_k, {step.sequences() + 1});
      require_dtype(kTask, "cu_seqlens_k", a.cu_seqlens_k, kInt32);
    } else {
      FK_REQUIRE(m == n,
                 "%s: k has %" PRId64 " rows and q %" PRId64
                 "; without cu_seqlens_k they have the same",
                 kTask, m, n);
    }
    const AttentionWork work(run, threads_, m, init_.head_size);
    for (int64_t s = 0; s < step.sequences(); ++s) {
      int64_t first = step.begin(s), last = step.end(s);
      if (a.cu_seqlens_k) {
        const int32_t* starts = Tensor(a.cu_seqlens_k).data<int32_t>();
        first = starts[s];
        last = starts[s + 1];
        FK_REQUIRE(0 <= first && first <= last && last <= m,
                   "%s: cu_seqlens_k has %" PRId64 " to %" PRId64 ", want 0 to %" PRId64
                   " in rising order",
                   kTask, first, last, m);
      }
      const int64_t begin = step.begin(s), end = step.end(s), size = init_.head_size,
                    group = init_.num_heads / init_.num_kv_heads;
      const Tensor k(a.k), v(a.v);
      for (int64_t kv_head = 0; begin < end && kv_head < init_.num_kv_heads; ++kv_head) {
        threads_.parallel_for(last - first, [&](int64_t from, int64_t to, int) {
          for (int64_t p = first + from; p < first + to; ++p) {
            load(k, p * k.stride(0) + kv_head * k.stride(1), size, work.key(p));
            load(v, p * v.stride(0) + kv_head * v.stride(1), size, work.value(p));
          }
        });
        // Every head of every query is the same loop whoever runs it.
        threads_.parallel_for((end - begin) * group, [&](int64_t from, int64_t to, int thread) {
          for (int64_t i = from; i < to; ++i) {
            const int64_t t = begin + i / group;
            attend(a, work, thread, t, kv_head * group + i % group, first,
                   init_.causal ? last - (end - 1 - t) : last);
          }
        });
      }
    }
  }

 private:
  // Head h of query row t over the key rows [first, last).
  void attend(const fk_flash_attn_varlen_args& a, const AttentionWork& work, int thread, int64_t t,
              int64_t h, int64_t first, int64_t last) const {
    const Tensor q(a.q), out(a.out);
    load(q, t * q.stride(0) + h * q.stride(1), init_.head_size, work.query(thread));
    work.attend(thread, first, last,
                [&](int64_t, double product) { return product * init_.scale; });
    store(out, t * out.stride(0) + h * out.stride(1), init_.head_size, work.sum(thread));
  }

  fk_flash_attn_varlen_init init_;
  Threads threads_;
};

FK_IMPL(fk::FlashAttnVarlen, "reference", "1.0.0", FK_IMPL_BITWISE, FlashAttnVarlenLoops)

}  // namespace
}  // namespace fk::reference
