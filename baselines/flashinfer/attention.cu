// SPDX-License-Identifier: Apache-2.0
// attention by FlashInfer: the composed one, but for sequences that begin in this step. All their
// keys and values are rows of the step, so they need no cache: the ragged kernel reads them by TMA
// (630 TFLOP/s where the paged one reaches 500, 1 x 8192 queries on an H200).
#include "../composed/store_step.hpp"
#include "../cuda/common.hpp"
#include "fk/tasks/paged_attention.h"
#include "planner.hpp"
#include "supports.hpp"

namespace fk::flashinfer {
namespace {

// A tensor's first n rows.
TensorView head_of(const fk_tensor* t, int64_t n) {
  if (t->ndim == 1) return {t->data, t->device, t->dtype, {n}, {t->strides[0]}};
  if (t->ndim == 2)
    return {t->data, t->device, t->dtype, {n, t->shape[1]}, {t->strides[0], t->strides[1]}};
  return {t->data,
          t->device,
          t->dtype,
          {n, t->shape[1], t->shape[2]},
          {t->strides[0], t->strides[1], t->strides[2]}};
}

// A step's first `seqs` sequences, `rows` rows of query. max_query_len and max_seq_len stay those
// of the whole step: bounds, and what tells it from a decode step.
struct LeadingPart {
  TensorView starts, lengths, starts_host, lengths_host, table;
  fk_batch_step step;
  LeadingPart(const fk_batch_step& whole, int64_t seqs, int64_t rows)
      : starts(head_of(whole.query_start_loc, seqs + 1)),
        lengths(head_of(whole.seq_lens, seqs)),
        starts_host(head_of(whole.query_start_loc_host, seqs + 1)),
        lengths_host(head_of(whole.seq_lens_host, seqs)),
        table(head_of(whole.block_table, seqs)),
        step(whole) {
    step.num_seqs = seqs;
    step.num_tokens = rows;
    step.query_start_loc = starts;
    step.seq_lens = lengths;
    step.query_start_loc_host = starts_host;
    step.seq_lens_host = lengths_host;
    step.block_table = table;
    step.slot_mapping = step.state_indices = nullptr;  // of the whole step; attention reads neither
  }
};

class AttentionFlashInfer {
 public:
  static void supports(fk_device device, int32_t sm, const fk_attention_init& i) {
    support_attention(device, sm, i);
  }

  AttentionFlashInfer(Builder& b, const fk_attention_init& i)
      : init_(i), device_(b.device().index) {
    support_dtype(b);
    store_ = composed::StoreStep(b, i);
    const FreshTaken fresh;
    attend_ = b.child<fk::PagedAttention>("", {.num_heads = i.num_heads,
                                               .num_kv_heads = i.num_kv_heads,
                                               .head_size = i.head_size,
                                               .scale = i.scale});
    FK_SUPPORT(fresh.heard(), "paged_attention is not FlashInfer's here");
    // Last: the memory of states is kept when create() refuses.
    key_cache_ = b.state("key_cache");
    value_cache_ = b.state("value_cache");
  }

  // Every step but decode ones; its paged_attention has planned already, unless it has an
  // implementation of another plugin in this phase.
  void on_step(const Run& run) {
    const auto& step = run.step<fk_batch_step>();
    if (step.num_tokens > 0 && !decode(step)) planner(stream_of(run)).plan(step);
  }

  void forward(const Run& run, const fk_attention_args& a) {
    const fk_tensor *keys = key_cache_.get(), *values = value_cache_.get();
    store_(run, a, keys, values);
    const auto& step = run.step<fk_batch_step>();
    if (step.num_tokens == 0 || decode(step) || !taken(a) ||
        planner(stream_of(run)).fresh_seqs() == 0)
      return attend_(run, {.q = a.q, .key_cache = keys, .value_cache = values, .out = a.out});
    const Planner& plan = planner(stream_of(run));
    const int64_t rows = plan.paged_rows();
    if (rows > 0) {
      const LeadingPart part(step, plan.paged_seqs(), rows);
      const TensorView q = head_of(a.q, rows), out = head_of(a.out, rows);
      fk_run leading = run.raw;
      leading.step = &part.step;
      attend_(leading, {.q = q, .key_cache = keys, .value_cache = values, .out = out});
    }
    run_ragged(plan, a, rows);
  }

 private:
  static bool decode(const fk_batch_step& step) {
    return step.max_query_len == 1 && step.num_tokens == step.num_seqs;
  }
  // What TMA reads: rows of 16-byte pieces. The others go through paged_attention, all of them.
  static bool taken(const fk_attention_args& a) {
    for (const fk_tensor* t : {a.q, a.k, a.v, a.out})
      if (t->dtype != kBFloat16 || !cuda::aligned16(t)) return false;
    return true;
  }

  // The sequences from row `first` on.
  void run_ragged(const Planner& plan, const fk_attention_args& a, int64_t first) const {
    const Tensor q(a.q), k(a.k), v(a.v), out(a.out);
    Fa3Call c;
    c.q = q.data<uint16_t>() + first * q.stride(0);
    c.key = k.data<uint16_t>() + first * k.stride(0);
    c.value = v.data<uint16_t>() + first * v.stride(0);
    c.out = out.data<uint16_t>() + first * out.stride(0);
    c.q_row = q.stride(0), c.q_head = q.stride(1);
    c.out_row = out.stride(0), c.out_head = out.stride(1);
    c.key_token = k.stride(0), c.key_head = k.stride(1);
    c.value_token = v.stride(0), c.value_head = v.stride(1);
    c.rows = int(q.size(0) - first);
    c.num_heads = int(init_.num_heads), c.num_kv_heads = int(init_.num_kv_heads);
    c.scale = float(init_.scale);
    plan.run_ragged(c);
  }

  Planner& planner(cudaStream_t stream) {
    if (!planner_ || !planner_->on(stream))
      planner_ = Planner::of(device_, stream, int(init_.num_heads), int(init_.num_kv_heads), true);
    return *planner_;
  }

  fk_attention_init init_;
  int device_;
  Tensor key_cache_, value_cache_;
  composed::StoreStep store_;
  Child<fk::PagedAttention> attend_;
  std::shared_ptr<Planner> planner_;
};

FK_IMPL(fk::Attention, "flashinfer", "0.7.2", FK_IMPL_COMPOSITE | FK_IMPL_GRAPH_SAFE,
        AttentionFlashInfer)

}  // namespace
}  // namespace fk::flashinfer
