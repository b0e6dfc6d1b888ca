// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/paged_attention.h"

#include "../attention_checks.hpp"
#include "../storage.hpp"

namespace fk::reference {
namespace {

constexpr const char* kTask = "paged_attention";

class PagedAttentionLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_paged_attention_init&) {
    support_cpu(device);
  }
  PagedAttentionLoops(Builder& b, const fk_paged_attention_init& i)
      : init_(i), slopes_(i.alibi ? b.param("alibi_slopes") : Tensor()) {
    require_groups(kTask, i.num_heads, i.num_kv_heads);
  }

  void forward(const Run& run, const fk_paged_attention_args& a) const {
    const auto& step = run.step<fk_batch_step>();
    require_paged_attention(init_, a, step);
    const Work work{run.scratch<double>(step.max_seq_len + 1), run.scratch<double>(init_.head_size),
                    run.scratch<double>(init_.head_size), run.scratch<double>(init_.head_size)};
    const int32_t* starts = Tensor(step.query_start_loc).data<int32_t>();
    const int32_t* lengths = Tensor(step.seq_lens).data<int32_t>();
    for (int64_t s = 0; s < step.num_seqs; ++s) {
      const int64_t queries = starts[s + 1] - starts[s], length = lengths[s];
      const bool pads = length == 0;  // its queries see no key
      FK_REQUIRE((pads || queries <= length) && length <= step.max_seq_len,
                 "%s: sequence %" PRId64 " has %" PRId64 " tokens, %" PRId64
                 " of them new; max_seq_len is %" PRId64,
                 kTask, s, length, queries, step.max_seq_len);
      for (int64_t t = 0; t < queries; ++t)
        for (int64_t h = 0; h < init_.num_heads; ++h)
          attend(a, step, work, s, starts[s] + t, pads ? -1 : length - queries + t, h);
    }
  }

 private:
  struct Work {
    double *weight, *query, *row, *sum;
  };

  // One head of the query in `row` of q, which stands at `position` of sequence s.
  void attend(const fk_paged_attention_args& a, const fk_batch_step& step, const Work& w, int64_t s,
              int64_t row, int64_t position, int64_t h) const {
    const Tensor q(a.q), out(a.out);
    const int64_t size = init_.head_size, kv_head = h / (init_.num_heads / init_.num_kv_heads);
    const int64_t window = init_.sliding_window.has ? init_.sliding_window.value : position + 1;
    const int64_t first = std::max<int64_t>(0, position + 1 - window);
    double slope = 0;
    if (slopes_) load(slopes_, h, 1, &slope);
    load(q, row * q.stride(0) + h * q.stride(1), size, w.query);

    double largest = -INFINITY;
    for (int64_t p = first; p <= position; ++p) {
      load(a.key_cache, cache_offset(a.key_cache, step, s, p, kv_head), size, w.row);
      double score = 0;
      for (int64_t i = 0; i < size; ++i) score += w.query[i] * w.row[i];
      score *= init_.scale;
      if (init_.logits_soft_cap > 0)
        score = init_.logits_soft_cap * std::tanh(score / init_.logits_soft_cap);
      score += slope * double(p - position);
      w.weight[p] = score;
      largest = std::max(largest, score);
    }
    double total = 0;
    std::fill(w.sum, w.sum + size, 0.0);
    for (int64_t p = first; p <= position; ++p) {
      const double e = std::exp(w.weight[p] - largest);
      total += e;
      load(a.value_cache, cache_offset(a.value_cache, step, s, p, kv_head), size, w.row);
      for (int64_t i = 0; i < size; ++i) w.sum[i] += e * w.row[i];
    }
    for (int64_t i = 0; i < size; ++i) w.sum[i] = total > 0 ? w.sum[i] / total : 0;
    store(out, row * out.stride(0) + h * out.stride(1), size, w.sum);
  }

  // Where the head's key or value of position p lies.
  static int64_t cache_offset(Tensor cache, const fk_batch_step& step, int64_t s, int64_t p,
                              int64_t kv_head) {
    const Tensor table(step.block_table);
    const int64_t block_size = cache.size(1), column = p / block_size;
    FK_REQUIRE(column < table.size(1),
               "%s: sequence %" PRId64 " needs block %" PRId64 " of %" PRId64, kTask, s, column,
               table.size(1));
    const int64_t block = table.data<int32_t>()[s * table.stride(0) + column];
    FK_REQUIRE(block >= 0 && block < cache.size(0),
               "%s: block_table[%" PRId64 "][%" PRId64 "] is %" PRId64 ", want 0 to %" PRId64,
               kTask, s, column, block, cache.size(0) - 1);
    return block * cache.stride(0) + p % block_size * cache.stride(1) + kv_head * cache.stride(2);
  }

  fk_paged_attention_init init_;
  Tensor slopes_;
};

FK_IMPL(fk::PagedAttention, "reference", "1.0.0", FK_IMPL_BITWISE, PagedAttentionLoops)

}  // namespace
}  // namespace fk::reference
