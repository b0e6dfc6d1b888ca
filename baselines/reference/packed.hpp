// SPDX-License-Identifier: Apache-2.0
// The packed sequences of a step, checked: what a task without a KV cache reads of fk_batch_step.
#pragma once
#include "checks.hpp"
#include "fk/structs/batch_step.h"

namespace fk::reference {

class Packed {
 public:
  // `rows`: of the packed tensors.
  Packed(const char* task, const Run& run, int64_t rows)
      : task_(task), step_(run.step<fk_batch_step>()) {
    require_shape(task, "query_start_loc", step_.query_start_loc, {step_.num_seqs + 1});
    require_dtype(task, "query_start_loc", step_.query_start_loc, kInt32);
    starts_ = Tensor(step_.query_start_loc).data<int32_t>();
    FK_REQUIRE(starts_[0] == 0 && starts_[step_.num_seqs] == rows,
               "%s: query_start_loc runs from %d to %d, want 0 to %" PRId64
               ", the rows of the input",
               task, starts_[0], starts_[step_.num_seqs], rows);
    for (int64_t s = 0; s < step_.num_seqs; ++s)
      FK_REQUIRE(starts_[s] <= starts_[s + 1], "%s: query_start_loc falls from %d to %d", task,
                 starts_[s], starts_[s + 1]);
  }
  int64_t sequences() const { return step_.num_seqs; }
  int64_t begin(int64_t s) const { return starts_[s]; }
  int64_t end(int64_t s) const { return starts_[s + 1]; }
  // Whether the sequence has nothing before this step: its recurrent state is zero, whatever the
  // slot holds.
  bool begins(int64_t s) const {
    return Tensor(step_.seq_lens).data<int32_t>()[s] == end(s) - begin(s);
  }
  // The row of a recurrent state that belongs to the sequence.
  int64_t slot(int64_t s, int64_t slots) const {
    require_shape(task_, "state_indices", step_.state_indices, {step_.num_seqs});
    require_dtype(task_, "state_indices", step_.state_indices, kInt32);
    const int64_t slot = Tensor(step_.state_indices).data<int32_t>()[s];
    FK_REQUIRE(slot >= 0 && slot < slots,
               "%s: state_indices[%" PRId64 "] is %" PRId64 ", want 0 to %" PRId64, task_, s, slot,
               slots - 1);
    return slot;
  }

 private:
  const char* task_;
  const fk_batch_step& step_;
  const int32_t* starts_;
};

}  // namespace fk::reference
