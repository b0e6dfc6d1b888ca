// SPDX-License-Identifier: Apache-2.0
#include "core/engine/step_batch.hpp"

#include <algorithm>

namespace fk::core {

StepBatch::StepBatch(const Registry& registry, const TaskSpec& task, const Shape& s)
    : shape_(s),
      input_ids_(kInt32, {s.max_tokens}),
      positions_(kInt64, {s.max_tokens}),
      logits_indices_(kInt32, {s.max_rows}),
      logits_(kFloat32, {s.max_rows, s.vocab_size}),
      query_start_loc_(kInt32, {s.max_seqs + 1}),
      seq_lens_(kInt32, {s.max_seqs}),
      block_table_(kInt32, {s.max_seqs, s.kv_cache ? s.max_blocks_per_seq : 1}),
      slot_mapping_(kInt64, {s.max_tokens}),
      state_indices_(kInt32, {s.max_seqs}),
      args_(StructValue::args(task)),
      step_(StructValue::step(registry.struct_spec("batch_step"))) {
  args_.set("input_ids", input_ids_.get());
  args_.set("positions", positions_.get());
  args_.set("logits_indices", logits_indices_.get());
  args_.set("logits", logits_.get());
  step_.set("query_start_loc", query_start_loc_.get());
  step_.set("query_start_loc_host", query_start_loc_.get());
  step_.set("seq_lens", seq_lens_.get());
  step_.set("seq_lens_host", seq_lens_.get());
  if (s.kv_cache) {
    step_.set("block_table", block_table_.get());
    step_.set("slot_mapping", slot_mapping_.get());
  }
  if (s.recurrent_state) step_.set("state_indices", state_indices_.get());
  rows_.reserve(size_t(s.max_rows));
}

void StepBatch::fill(const std::vector<Scheduled>& batch) {
  rows_.clear();
  int64_t tokens = 0, max_query = 0, max_seq = 0, n = int64_t(batch.size());
  for (const Scheduled& s : batch) tokens += s.count;
  for (StepTensor* t : {&input_ids_, &positions_, &slot_mapping_}) t->resize(tokens);
  for (StepTensor* t : {&seq_lens_, &block_table_, &state_indices_}) t->resize(n);
  query_start_loc_.resize(n + 1);
  int64_t first = 0;
  for (int64_t i = 0; i < n; ++i) {
    const Scheduled& s = batch[size_t(i)];
    fill_sequence(i, s, first);
    first += s.count;
    max_query = std::max(max_query, s.count);
    max_seq = std::max(max_seq, s.sequence->computed + s.count);
    if (!s.sequence->request.score && s.last()) {
      *logits_indices_.row<int32_t>(int64_t(rows_.size())) = int32_t(first - 1);
      rows_.push_back({s.sequence, s.sequence->computed + s.count - 1});
    }
  }
  query_start_loc_.data<int32_t>()[n] = int32_t(tokens);
  sampled_rows_ = int64_t(rows_.size());
  for (int64_t i = 0; i < n; ++i) {
    const Scheduled& s = batch[size_t(i)];
    if (!s.sequence->request.score) continue;
    for (int64_t k = 0; k < s.count; ++k) {
      *logits_indices_.row<int32_t>(int64_t(rows_.size())) =
          query_start_loc_.data<int32_t>()[i] + int32_t(k);
      rows_.push_back({s.sequence, s.sequence->computed + k});
    }
  }
  logits_indices_.resize(int64_t(rows_.size()));
  logits_.resize(int64_t(rows_.size()));
  step_.set("num_seqs", n);
  step_.set("num_tokens", tokens);
  step_.set("max_query_len", max_query);
  step_.set("max_seq_len", max_seq);
}

void StepBatch::fill_sequence(int64_t index, const Scheduled& s, int64_t first) {
  const Sequence& q = *s.sequence;
  query_start_loc_.data<int32_t>()[index] = int32_t(first);
  seq_lens_.data<int32_t>()[index] = int32_t(q.computed + s.count);
  state_indices_.data<int32_t>()[index] = q.slot;
  for (int64_t k = 0; k < s.count; ++k) {
    int64_t position = q.computed + k;
    input_ids_.data<int32_t>()[first + k] = q.tokens[size_t(position)];
    positions_.data<int64_t>()[first + k] = position;
    if (shape_.kv_cache) {
      int64_t block = q.blocks[size_t(position / shape_.block_size)];
      slot_mapping_.data<int64_t>()[first + k] =
          block * shape_.block_size + position % shape_.block_size;
    }
  }
  if (shape_.kv_cache)
    std::copy(q.blocks.begin(), q.blocks.end(), block_table_.row<int32_t>(index));
}

}  // namespace fk::core
