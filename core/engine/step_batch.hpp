// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/engine/scheduler.hpp"
#include "core/engine/step_tensor.hpp"
#include "core/spec/registry.hpp"

namespace fk::core {

// The tensors of one step of a task of `interface: causal_lm`: its args, and the fk_batch_step
// beside them. All memory is allocated once; fill() only writes.
class StepBatch {
 public:
  struct Shape {
    int64_t max_tokens, max_seqs, max_rows, max_blocks_per_seq, block_size;
    bool kv_cache, recurrent_state;
  };
  // `logits`: fp32 [max_rows, vocab_size] on the device.
  StepBatch(const Registry&, const TaskSpec&, const Shape&, std::shared_ptr<Device>,
            StepTensor& logits);

  // Writes a step and enqueues its way to the device. `padded_seqs` > batch.size(): sequences of
  // one token, no past and no place to store follow, so that a step has one of a few sizes.
  void fill(const std::vector<Scheduled>&, int64_t padded_seqs = 0);
  // A step of no sequences at all: `seqs` runs of `tokens`, whose keys nobody keeps. For warm-up.
  void fill_idle(int64_t seqs, int64_t tokens);
  const void* step() { return step_.data(); }
  const void* args() { return args_.data(); }

  // Rows of logits: first one for every sequence whose next token is wanted, in the order of the
  // batch, then those of score requests: one for every token of theirs in the step.
  struct Row {
    Sequence* sequence;
    int64_t position;
  };
  const std::vector<Row>& rows() const { return rows_; }
  int64_t sampled_rows() const { return sampled_rows_; }
  int64_t logits_rows() const { return logits_indices_.rows(); }  // with those of padding
  // Ids that only the device knows yet: input_ids[i] is the id that the step before gave its row
  // source[i]; negative: input_ids has it.
  StepTensor& source() { return source_; }
  StepTensor& input_ids() { return input_ids_; }
  bool has_sources() const { return has_sources_; }

 private:
  void fill_sequence(int64_t index, const Scheduled&, int64_t first_row);
  void pad_sequence(int64_t index, int64_t first_row, int64_t tokens, int64_t length);
  void resize(int64_t tokens, int64_t seqs);
  void finish(int64_t seqs, int64_t tokens, int64_t max_query, int64_t max_seq, int64_t rows);
  Shape shape_;
  StepPack pack_, tables_;
  StepTensor &input_ids_, &positions_, &source_, &logits_indices_, &query_start_loc_, &seq_lens_,
      &slot_mapping_, &state_indices_, &block_table_, &logits_;
  StructValue args_, step_;
  std::vector<Row> rows_;
  // Whose blocks a row of a side's table holds, and how many: a decode step adds few to few.
  struct TableRow {
    int64_t handle = -1, block_lists = 0;
    size_t blocks = 0;
  };
  std::vector<TableRow> tables_held_[2];
  int64_t sampled_rows_ = 0;
  bool has_sources_ = false;
};

}  // namespace fk::core
