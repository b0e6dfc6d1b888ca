// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/engine/sampler.hpp"
#include "core/engine/scheduler.hpp"
#include "core/engine/step_tensor.hpp"
#include "core/spec/registry.hpp"

namespace fk::core {

// The tensors of one step of a task of `interface: causal_lm`: its args, and the fk_batch_step
// beside them, and how its rows are to be sampled. All memory is allocated once; fill() only
// writes.
class StepBatch {
 public:
  struct Shape {
    int64_t max_tokens, max_seqs, max_rows, max_blocks_per_seq, block_size;
    bool kv_cache, recurrent_state;
  };
  // `logits`: fp32 [max_rows, vocab_size] on the device.
  StepBatch(const Registry&, const TaskSpec&, const Shape&, std::shared_ptr<Device>,
            StepTensor& logits, Sampler&);

  // Writes a step and enqueues its way to the device. `padded_seqs` > batch.size(): sequences of
  // one token, no past and no place to store follow, so that a step has one of a few sizes; their
  // rows take the largest logit. `id`: Scheduler::batch_id(), or -1; what the same batch left is
  // only moved on by a token.
  void fill(const std::vector<Scheduled>&, int64_t id, int64_t padded_seqs = 0);
  // A step of no sequences at all: `seqs` runs of `tokens`, whose keys nobody keeps. For warm-up.
  void fill_idle(int64_t seqs, int64_t tokens);
  const void* step() { return step_.data(); }
  const void* args() { return args_.data(); }
  const void* sampling_args() { return sampling_.args(); }

  // Rows of logits: first one for every sequence whose next token is wanted, in the order of the
  // batch, then those of score requests: one for every token of theirs in the step.
  struct Row {
    Sequence* sequence;
    int64_t position;  // of a score request's
  };
  const std::vector<Row>& rows() const { return rows_; }
  int64_t sampled_rows() const { return sampled_rows_; }
  bool wants_logits() const { return wants_logits_; }  // some request does
  // Ids that only the device knows yet: input_ids[i] is the id that the step before gave its row
  // source[i]; negative: input_ids has it.
  StepTensor& source() { return source_; }
  StepTensor& input_ids() { return input_ids_; }
  bool has_sources() const { return has_sources_; }

 private:
  bool moves_on(const std::vector<Scheduled>&, int64_t id) const;
  void move_on(const std::vector<Scheduled>&);
  void fill_sequence(int64_t index, const Scheduled&, int64_t first_row);
  void fill_table(int64_t index, const Sequence&);
  void sample_rows(int64_t padded);
  void pad_sequence(int64_t index, int64_t first_row, int64_t tokens, int64_t length);
  void resize(int64_t tokens, int64_t seqs);
  void finish(int64_t seqs, int64_t tokens, int64_t max_query, int64_t max_seq, int64_t rows);
  Shape shape_;
  StepPack pack_, tables_;
  StepTensor &input_ids_, &positions_, &source_, &logits_indices_, &query_start_loc_, &seq_lens_,
      &slot_mapping_, &state_indices_, &block_table_, &logits_;
  Sampler& sampler_;
  SamplingInputs sampling_;
  StructValue args_, step_;
  std::vector<Row> rows_;
  // What a side of the packs holds. A decode step adds few blocks to few rows of the table.
  struct Side {
    struct Owner {
      int64_t handle = -1, block_lists = 0;
    };
    std::vector<Owner> owners;    // whose blocks a row of the table has,
    std::vector<int32_t> blocks;  // and how many
    int64_t id = -1;              // of its batch
    bool in_order = false;        // the pending token of sequence i is sampled id i
  };
  Side sides_[2];
  std::vector<int64_t> slots_;  // of the last token of every sequence
  int64_t sampled_rows_ = 0;
  bool has_sources_ = false, wants_logits_ = false;
};

}  // namespace fk::core
