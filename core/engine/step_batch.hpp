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
    int64_t max_tokens, max_seqs, max_rows, max_blocks_per_seq, vocab_size, block_size;
    bool kv_cache, recurrent_state;
  };
  StepBatch(const Registry&, const TaskSpec&, const Shape&);
  void fill(const std::vector<Scheduled>&);
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
  StepTensor& logits() { return logits_; }

 private:
  void fill_sequence(int64_t index, const Scheduled&, int64_t first_row);
  Shape shape_;
  StepTensor input_ids_, positions_, logits_indices_, logits_;
  StepTensor query_start_loc_, seq_lens_, block_table_, slot_mapping_, state_indices_;
  StructValue args_, step_;
  std::vector<Row> rows_;
  int64_t sampled_rows_ = 0;
};

}  // namespace fk::core
