// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <deque>
#include <memory>
#include <vector>

#include "core/engine/index_pool.hpp"
#include "core/engine/sequence.hpp"

namespace fk::core {

// Part of a step: `count` tokens of a sequence, from sequence->computed on.
struct Scheduled {
  Sequence* sequence;
  int32_t count;
  int32_t row;  // of the sampled ids; negative: it gives no token
  bool operator==(const Scheduled&) const = default;
};

// Decides what every step runs. Decoding sequences go first, one token each; what is left of the
// token budget goes to prompts, in order of arrival and in chunks. When the cache is full the
// youngest sequence gives up its blocks and waits at the head of the queue to be computed again.
// schedule() allocates at most to push one out.
class Scheduler {
 public:
  struct Limits {
    int64_t num_blocks = 0, block_size = 1;                  // num_blocks 0: no KV cache
    int64_t num_slots = 0;                                   // 0: no recurrent state
    int64_t max_num_seqs = 1, max_tokens = 1, max_rows = 1;  // of a step; rows: of logits
  };
  explicit Scheduler(const Limits&);
  void add(std::unique_ptr<Sequence>);
  // What to run now. Valid until the next call. With `may_preempt`, empty only when nothing is
  // left; without (tokens are pending, so that nobody could be computed again), empty or short of
  // sequences that wait for blocks: then starved().
  const std::vector<Scheduled>& schedule(bool may_preempt = true);
  bool starved() const { return starved_; }
  // Of the last batch. Two batches with the same number, and all between them, are of the same
  // sequences in the same order, each with one token that it decodes.
  int64_t batch_id() const { return batch_id_; }
  // Takes a sequence out, waiting or running, and frees what it held.
  std::unique_ptr<Sequence> remove(Sequence*);
  bool idle() const { return waiting_.empty() && running_.empty(); }
  int64_t waiting() const { return int64_t(waiting_.size()); }
  int64_t running() const { return int64_t(running_.size()); }
  int64_t preemptions() const { return preemptions_; }
  Sequence* find(int64_t handle) const;

 private:
  int64_t blocks_for(int64_t tokens) const {
    return (tokens + limits_.block_size - 1) / limits_.block_size;
  }
  int64_t capacity(const Sequence&) const;  // tokens that its blocks and the free ones could hold
  void grow(Sequence&, int64_t tokens);
  void release(Sequence&);
  bool preempt_youngest();  // false: it was the only one
  void put(Sequence&, int64_t count, bool decode);
  int64_t rows(const Sequence&, int64_t count) const;
  int64_t chunk(const Sequence&) const;  // tokens it may have in this step, 0: none
  void schedule_decodes();
  void schedule_prompts();
  void admit();

  Limits limits_;
  IndexPool blocks_, slots_;
  std::deque<std::unique_ptr<Sequence>> waiting_;
  std::vector<std::unique_ptr<Sequence>> running_;  // the youngest last
  std::vector<Scheduled> batch_;
  size_t scheduled_ = 0;  // entries of batch_ that are of this step so far
  int32_t sampled_ = 0;   // rows that they give
  int64_t batch_id_ = 0;
  bool decodes_ = false;  // all of batch_ decode
  bool repeats_ = false;  // what is scheduled so far is what the last step began with
  bool prompts_ = false;  // somebody who runs may have a piece of a prompt to compute
  int64_t tokens_left_ = 0, rows_left_ = 0, preemptions_ = 0;
  bool may_preempt_ = true, preempted_ = false, starved_ = false;
};

}  // namespace fk::core
