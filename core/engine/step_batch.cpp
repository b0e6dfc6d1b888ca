// SPDX-License-Identifier: Apache-2.0
#include "core/engine/step_batch.hpp"

#include <algorithm>

namespace fk::core {

StepBatch::StepBatch(const Registry& registry, const TaskSpec& task, const Shape& s,
                     std::shared_ptr<Device> device, StepTensor& logits, Sampler& sampler)
    : shape_(s),
      pack_(device),
      tables_(device),
      input_ids_(pack_.add(kInt32, {s.max_tokens})),
      positions_(pack_.add(kInt64, {s.max_tokens})),
      source_(pack_.add(kInt32, {s.max_tokens})),
      logits_indices_(pack_.add(kInt32, {s.max_rows})),
      query_start_loc_(pack_.add(kInt32, {s.max_seqs + 1})),
      seq_lens_(pack_.add(kInt32, {s.max_seqs})),
      slot_mapping_(pack_.add(kInt64, {s.max_tokens})),
      state_indices_(pack_.add(kInt32, {s.max_seqs})),
      block_table_(tables_.add(kInt32, {s.max_seqs, s.kv_cache ? s.max_blocks_per_seq : 1})),
      logits_(logits),
      sampler_(sampler),
      sampling_(pack_, sampler, s.max_rows),
      args_(StructValue::args(task)),
      step_(StructValue::step(registry.struct_spec("batch_step"))) {
  pack_.allocate();
  tables_.allocate();
  args_.set("input_ids", input_ids_.get());
  args_.set("positions", positions_.get());
  args_.set("logits_indices", logits_indices_.get());
  args_.set("logits", logits_.get());
  step_.set("query_start_loc", query_start_loc_.get());
  step_.set("query_start_loc_host", query_start_loc_.host());
  step_.set("seq_lens", seq_lens_.get());
  step_.set("seq_lens_host", seq_lens_.host());
  if (s.kv_cache) {
    step_.set("block_table", block_table_.get());
    step_.set("slot_mapping", slot_mapping_.get());
  }
  if (s.recurrent_state) step_.set("state_indices", state_indices_.get());
  rows_.reserve(size_t(s.max_rows));
  slots_.resize(size_t(s.max_seqs));
  for (Side& side : sides_) {
    side.owners.resize(size_t(s.max_seqs));
    side.blocks.resize(size_t(s.max_seqs));
  }
}

void StepBatch::resize(int64_t tokens, int64_t seqs) {
  rows_.clear();
  has_sources_ = wants_logits_ = false;
  for (StepTensor* t : {&input_ids_, &positions_, &slot_mapping_, &source_}) t->resize(tokens);
  for (StepTensor* t : {&seq_lens_, &block_table_, &state_indices_}) t->resize(seqs);
  query_start_loc_.resize(seqs + 1);
}

void StepBatch::fill(const std::vector<Scheduled>& batch, int64_t id, int64_t padded_seqs) {
  pack_.flip();
  tables_.flip();
  Side& side = sides_[pack_.side()];
  if (moves_on(batch, id)) return move_on(batch);
  side.id = id;
  side.in_order = true;
  int64_t tokens = 0, max_query = 0, max_seq = 0, n = int64_t(batch.size());
  for (const Scheduled& s : batch) tokens += s.count;
  const int64_t padding = std::max<int64_t>(0, padded_seqs - n);
  resize(tokens + padding, n + padding);
  int64_t first = 0;
  size_t blocks = 1;
  for (int64_t i = 0; i < n; ++i) {
    const Scheduled& s = batch[size_t(i)];
    fill_sequence(i, s, first);
    first += s.count;
    max_query = std::max<int64_t>(max_query, s.count);
    max_seq = std::max(max_seq, s.sequence->computed + s.count);
    blocks = std::max(blocks, s.sequence->blocks.size());
    if (s.row >= 0) {
      *logits_indices_.row<int32_t>(int64_t(rows_.size())) = int32_t(first - 1);
      rows_.push_back({s.sequence, -1});
      wants_logits_ |= s.sequence->generated() == 0 && s.sequence->request.top_logits > 0;
    }
  }
  query_start_loc_.data<int32_t>()[n] = int32_t(tokens);
  sampled_rows_ = int64_t(rows_.size());
  for (int64_t i = 0; i < n; ++i) {
    const Scheduled& s = batch[size_t(i)];
    if (!s.sequence->score) continue;
    for (int64_t k = 0; k < s.count; ++k) {
      *logits_indices_.row<int32_t>(int64_t(rows_.size())) =
          query_start_loc_.data<int32_t>()[i] + int32_t(k);
      rows_.push_back({s.sequence, s.sequence->computed + k});
      wants_logits_ = true;
    }
  }
  int64_t rows = int64_t(rows_.size());
  for (int64_t i = 0; i < padding; ++i) {
    pad_sequence(n + i, tokens + i, 1, 0);
    *logits_indices_.row<int32_t>(rows++) = int32_t(tokens + i);
  }
  sample_rows(padding ? n + padding : sampled_rows_);
  if (shape_.kv_cache) tables_.upload_rows(block_table_, blocks * sizeof(int32_t));
  finish(n + padding, tokens + padding, max_query, max_seq, rows);
}

// The host writes both sides in turn, so what is there is two steps old. What came to the device
// since came from the other side, of the same batch.
bool StepBatch::moves_on(const std::vector<Scheduled>& batch, int64_t id) const {
  const Side& side = sides_[pack_.side()];
  return id >= 0 && side.id == id && side.in_order && batch[0].sequence->pending();
}

void StepBatch::move_on(const std::vector<Scheduled>& batch) {
  int64_t* const positions = positions_.data<int64_t>();
  int64_t* const slot_mapping = slot_mapping_.data<int64_t>();
  int32_t* const seq_lens = seq_lens_.data<int32_t>();
  Side& side = sides_[pack_.side()];
  size_t blocks = 1;
  int64_t max_seq = 0;
  bool grown = false;
  for (size_t i = 0; i < batch.size(); ++i) {
    const Sequence& q = *batch[i].sequence;
    const int64_t position = q.computed;
    positions[i] = position;
    seq_lens[i] = int32_t(position + 1);
    max_seq = std::max(max_seq, position + 1);
    sampling_.set_offset(int64_t(i), q.generated());
    if (!shape_.kv_cache) continue;
    // The token is in the last block, and that is looked up only when it is new.
    const bool first = position == int64_t(q.blocks.size() - 1) * shape_.block_size;
    grown |= first;
    slot_mapping[i] = slots_[i] = first ? q.blocks.back() * shape_.block_size : slots_[i] + 1;
    blocks = std::max(blocks, q.blocks.size());
    if (size_t(side.blocks[i]) != q.blocks.size()) fill_table(int64_t(i), q);
  }
  has_sources_ = true;
  wants_logits_ = false;
  if (grown) tables_.upload_rows(block_table_, blocks * sizeof(int32_t));
  step_.set("max_seq_len", max_seq);
  pack_.upload();
}

// Rows of padding take the largest.
void StepBatch::sample_rows(int64_t padded) {
  static const SamplingParams kGreedy;
  for (int64_t i = 0; i < sampled_rows_; ++i) {
    const Sequence& s = *rows_[size_t(i)].sequence;
    sampling_.set(i, s.request.sampling, s.generated());
  }
  for (int64_t i = sampled_rows_; i < padded; ++i) sampling_.set(i, kGreedy, 0);
  sampling_.resize(padded);
  sampler_.resize(padded);
}

void StepBatch::fill_idle(int64_t seqs, int64_t tokens) {
  pack_.flip();
  tables_.flip();
  resize(seqs * tokens, seqs);
  const int64_t length = tokens == 1 ? 0 : tokens, rows = std::min(seqs, shape_.max_rows);
  for (int64_t i = 0; i < seqs; ++i) pad_sequence(i, i * tokens, tokens, length);
  for (int64_t i = 0; i < rows; ++i)
    *logits_indices_.row<int32_t>(i) = int32_t((i + 1) * tokens - 1);
  sampled_rows_ = 0;
  sample_rows(rows);
  if (shape_.kv_cache) {
    const int64_t width = std::min(block_table_.row_size(), length / shape_.block_size + 1);
    for (int64_t i = 0; i < seqs; ++i) std::fill_n(block_table_.row<int32_t>(i), width, 0);
    tables_.upload_rows(block_table_, size_t(width) * sizeof(int32_t));
  }
  Side& side = sides_[pack_.side()];
  side.id = -1;
  std::fill_n(side.owners.begin(), seqs, Side::Owner{});
  finish(seqs, seqs * tokens, tokens, length, rows);
}

void StepBatch::finish(int64_t seqs, int64_t tokens, int64_t max_query, int64_t max_seq,
                       int64_t rows) {
  logits_indices_.resize(rows);
  logits_.resize(rows);
  step_.set("num_seqs", seqs);
  step_.set("num_tokens", tokens);
  step_.set("max_query_len", max_query);
  step_.set("max_seq_len", max_seq);
  pack_.upload();
}

void StepBatch::pad_sequence(int64_t index, int64_t first, int64_t tokens, int64_t length) {
  query_start_loc_.data<int32_t>()[index] = int32_t(first);
  query_start_loc_.data<int32_t>()[index + 1] = int32_t(first + tokens);
  seq_lens_.data<int32_t>()[index] = int32_t(length);
  state_indices_.data<int32_t>()[index] = 0;
  for (int64_t k = first; k < first + tokens; ++k) {
    input_ids_.data<int32_t>()[k] = 0;
    positions_.data<int64_t>()[k] = k - first;
    slot_mapping_.data<int64_t>()[k] = -1;
    source_.data<int32_t>()[k] = -1;
  }
}

void StepBatch::fill_sequence(int64_t index, const Scheduled& s, int64_t first) {
  const Sequence& q = *s.sequence;
  query_start_loc_.data<int32_t>()[index] = int32_t(first);
  seq_lens_.data<int32_t>()[index] = int32_t(q.computed + s.count);
  state_indices_.data<int32_t>()[index] = q.slot;
  for (int64_t k = 0; k < s.count; ++k) {
    int64_t position = q.computed + k;
    const int32_t id = q.tokens[size_t(position)];
    const bool pending = id == Sequence::kPending;
    has_sources_ |= pending;
    sides_[pack_.side()].in_order &= pending && q.row == index;
    source_.data<int32_t>()[first + k] = pending ? q.row : -1;
    input_ids_.data<int32_t>()[first + k] = pending ? 0 : id;
    positions_.data<int64_t>()[first + k] = position;
    if (shape_.kv_cache) {
      int64_t block = q.blocks[size_t(position / shape_.block_size)];
      slot_mapping_.data<int64_t>()[first + k] =
          block * shape_.block_size + position % shape_.block_size;
    }
  }
  if (!shape_.kv_cache) return;
  slots_[size_t(index)] = slot_mapping_.data<int64_t>()[first + s.count - 1];
  Side& side = sides_[tables_.side()];
  Side::Owner& owner = side.owners[size_t(index)];
  if (owner.handle != q.handle || owner.block_lists != q.block_lists) {
    owner = {q.handle, q.block_lists};
    side.blocks[size_t(index)] = 0;
  }
  fill_table(index, q);
}

// The blocks that the row does not have yet.
void StepBatch::fill_table(int64_t index, const Sequence& q) {
  int32_t& held = sides_[tables_.side()].blocks[size_t(index)];
  std::copy(q.blocks.begin() + held, q.blocks.end(), block_table_.row<int32_t>(index) + held);
  held = int32_t(q.blocks.size());
}

}  // namespace fk::core
