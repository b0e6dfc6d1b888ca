// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/flash_attn_varlen.h"

#include "../attention_checks.hpp"
#include "../packed.hpp"
#include "../storage.hpp"

namespace fk::reference {
namespace {

constexpr const char* kTask = "flash_attn_varlen";

class FlashAttnVarlenLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_flash_attn_varlen_init&) {
    support_cpu(device);
  }
  FlashAttnVarlenLoops(Builder&, const fk_flash_attn_varlen_init& i) : init_(i) {
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
    const Work work{run.scratch<double>(m), run.scratch<double>(init_.head_size),
                    run.scratch<double>(init_.head_size), run.scratch<double>(init_.head_size)};
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
      for (int64_t t = step.begin(s); t < step.end(s); ++t)
        for (int64_t h = 0; h < init_.num_heads; ++h)
          attend(a, work, t, h, first, init_.causal ? last - (step.end(s) - 1 - t) : last);
    }
  }

 private:
  struct Work {
    double *weight, *query, *row, *sum;
  };

  // Head h of query row t over the key rows [first, last).
  void attend(const fk_flash_attn_varlen_args& a, const Work& w, int64_t t, int64_t h,
              int64_t first, int64_t last) const {
    const Tensor q(a.q), k(a.k), v(a.v), out(a.out);
    const int64_t size = init_.head_size, kv_head = h / (init_.num_heads / init_.num_kv_heads);
    load(q, t * q.stride(0) + h * q.stride(1), size, w.query);
    double largest = -INFINITY, total = 0;
    for (int64_t p = first; p < last; ++p) {
      load(k, p * k.stride(0) + kv_head * k.stride(1), size, w.row);
      double score = 0;
      for (int64_t i = 0; i < size; ++i) score += w.query[i] * w.row[i];
      w.weight[p] = score * init_.scale;
      largest = std::max(largest, w.weight[p]);
    }
    std::fill(w.sum, w.sum + size, 0.0);
    for (int64_t p = first; p < last; ++p) {
      const double e = std::exp(w.weight[p] - largest);
      total += e;
      load(v, p * v.stride(0) + kv_head * v.stride(1), size, w.row);
      for (int64_t i = 0; i < size; ++i) w.sum[i] += e * w.row[i];
    }
    for (int64_t i = 0; total > 0 && i < size; ++i) w.sum[i] /= total;
    store(out, t * out.stride(0) + h * out.stride(1), size, w.sum);
  }

  fk_flash_attn_varlen_init init_;
};

FK_IMPL(fk::FlashAttnVarlen, "reference", "1.0.0", FK_IMPL_BITWISE, FlashAttnVarlenLoops)

}  // namespace
}  // namespace fk::reference
