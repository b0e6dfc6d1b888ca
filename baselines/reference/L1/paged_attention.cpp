// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/paged_attention.h"

#include "../attention_checks.hpp"
#include "../attention_work.hpp"

namespace fk::reference {
namespace {

constexpr const char* kTask = "paged_attention";

class PagedAttentionLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_paged_attention_init&) {
    support_cpu(device);
  }
  PagedAttentionLoops(Builder& b, const fk_paged_attention_init& i)
      : init_(i), slopes_(i.alibi ? b.param("alibi_slopes") : Tensor()), threads_(b.host) {
    require_groups(kTask, i.num_heads, i.num_kv_heads);
  }

  void forward(const Run& run, const fk_paged_attention_args& a) const {
    const auto& step = run.step<fk_batch_step>();
    require_paged_attention(init_, a, step);
    const AttentionWork work(run, threads_, step.max_seq_len, init_.head_size);
    const int32_t* starts = Tensor(step.query_start_loc).data<int32_t>();
    const int32_t* lengths = Tensor(step.seq_lens).data<int32_t>();
    for (int64_t s = 0; s < step.num_seqs; ++s) {
      const int64_t queries = starts[s + 1] - starts[s], length = lengths[s];
      const bool pads = length == 0;  // its queries see no key
      FK_REQUIRE((pads || queries <= length) && length <= step.max_seq_len,
                 "%s: sequence %" PRId64 " has %" PRId64 " tokens, %" PRId64
                 " of them new; max_seq_len is %" PRId64,
                 kTask, s, length, queries, step.max_seq_len);
      const int64_t oldest =
          init_.sliding_window.has
              ? std::max<int64_t>(0, length - queries + 1 - init_.sliding_window.value)
              : 0;
      for (int64_t kv_head = 0; queries > 0 && kv_head < init_.num_kv_heads; ++kv_head) {
        threads_.parallel_for(length - oldest, [&](int64_t from, int64_t to, int) {
          for (int64_t p = oldest + from; p < oldest + to; ++p) {
            load(a.key_cache, cache_offset(a.key_cache, step, s, p, kv_head), init_.head_size,
                 work.key(p));
            load(a.value_cache, cache_offset(a.value_cache, step, s, p, kv_head), init_.head_size,
                 work.value(p));
          }
        });
        // Every head of every query is the same loop whoever runs it.
        const int64_t group = init_.num_heads / init_.num_kv_heads;
        threads_.parallel_for(queries * group, [&](int64_t from, int64_t to, int thread) {
          for (int64_t i = from; i < to; ++i)
            attend(a, work, thread, starts[s] + i / group, pads ? -1 : length - queries + i / group,
                   kv_head * group + i % group);
        });
      }
    }
  }

 private:
  // Head h of the query in `row` of q, which stands at `position` of its sequence.
  void attend(const fk_paged_attention_args& a, const AttentionWork& work, int thread, int64_t row,
              int64_t position, int64_t h) const {
    const Tensor q(a.q), out(a.out);
    const int64_t window = init_.sliding_window.has ? init_.sliding_window.value : position + 1;
    double slope = 0;
    if (slopes_) load(slopes_, h, 1, &slope);
    load(q, row * q.stride(0) + h * q.stride(1), init_.head_size, work.query(thread));
    work.attend(thread, std::max<int64_t>(0, position + 1 - window), position + 1,
                [&](int64_t p, double product) {
                  double score = product * init_.scale;
                  if (init_.logits_soft_cap > 0)
                    score = init_.logits_soft_cap * std::tanh(score / init_.logits_soft_cap);
                  return score + slope * double(p - position);
                });
    store(out, row * out.stride(0) + h * out.stride(1), init_.head_size, work.sum(thread));
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
  Threads threads_;
};

FK_IMPL(fk::PagedAttention, "reference", "1.0.0", FK_IMPL_BITWISE, PagedAttentionLoops)

}  // namespace
}  // namespace fk::reference
