// SPDX-License-Identifier: Apache-2.0
#include "core/engine/scheduler.hpp"

#include <algorithm>

namespace fk::core {

Scheduler::Scheduler(const Limits& limits)
    : limits_(limits), blocks_(limits.num_blocks), slots_(limits.num_slots) {
  batch_.reserve(size_t(limits.max_num_seqs));
}

void Scheduler::add(std::unique_ptr<Sequence> s) { waiting_.push_back(std::move(s)); }

const std::vector<Scheduled>& Scheduler::schedule(bool may_preempt) {
  may_preempt_ = may_preempt;
  starved_ = false;
  batch_.clear();
  tokens_left_ = limits_.max_tokens;
  rows_left_ = limits_.max_rows;
  preempted_ = false;
  schedule_decodes();
  schedule_prompts();
  // A sequence that was just pushed out must not come back for the blocks that it gave up for
  // another.
  if (!preempted_) admit();
  return batch_;
}

void Scheduler::schedule_decodes() {
  for (auto it = running_.begin(); it != running_.end();) {
    Sequence& s = **it++;
    if (!s.decoding() || s.closing()) continue;
    if (tokens_left_ == 0 || rows_left_ == 0) return;
    if (capacity(s) <= s.computed && !may_preempt_) {
      starved_ = true;
      continue;
    }
    bool fits = true;
    while (capacity(s) <= s.computed && fits) {
      // The youngest stands at the end, so it has no place in this step yet, unless it is this one.
      bool self = running_.back().get() == &s;
      if (it != running_.end() && std::next(it) == running_.end()) it = running_.end();
      fits = preempt_youngest() && !self;
    }
    if (!fits) return;
    put(s, 1);
  }
}

void Scheduler::schedule_prompts() {
  for (auto& p : running_) {
    if (!p->decoding() && !p->closing()) {
      if (int64_t n = chunk(*p)) put(*p, n);
    }
  }
  if (!may_preempt_) return;
  // Prompts that block each other: the oldest gets the blocks of the youngest.
  while (batch_.empty() && !running_.empty() && preempt_youngest()) {
    if (int64_t n = chunk(*running_.front())) put(*running_.front(), n);
  }
}

void Scheduler::admit() {
  while (!waiting_.empty() && int64_t(running_.size()) < limits_.max_num_seqs && tokens_left_ > 0) {
    Sequence& s = *waiting_.front();
    if (limits_.num_slots && slots_.available() == 0) return;
    // Only when the whole prompt fits now: half a prompt that waits for blocks keeps them from
    // others.
    if (limits_.num_blocks && blocks_for(int64_t(s.tokens.size())) > blocks_.available()) return;
    int64_t n = chunk(s);
    if (n == 0) return;
    if (limits_.num_slots) s.slot = slots_.take();
    running_.splice(running_.end(), waiting_, waiting_.begin());
    put(s, n);
  }
}

int64_t Scheduler::capacity(const Sequence& s) const {
  if (!limits_.num_blocks) return s.max_len;
  return (int64_t(s.blocks.size()) + blocks_.available()) * limits_.block_size;
}

int64_t Scheduler::rows(const Sequence& s, int64_t count) const {
  return s.score ? count : count == s.to_compute();
}

int64_t Scheduler::chunk(const Sequence& s) const {
  int64_t n = std::min({s.to_compute(), tokens_left_, capacity(s) - s.computed});
  if (s.score) {
    const int64_t to_one_a_step = s.request.in_chunks - s.computed;
    n = std::min({n, rows_left_, std::max<int64_t>(1, to_one_a_step)});
  }
  return n > 0 && rows(s, n) <= rows_left_ ? n : 0;
}

void Scheduler::put(Sequence& s, int64_t count) {
  grow(s, s.computed + count);
  tokens_left_ -= count;
  rows_left_ -= rows(s, count);
  batch_.push_back({&s, count});
}

void Scheduler::grow(Sequence& s, int64_t tokens) {
  if (!limits_.num_blocks) return;
  for (int64_t n = blocks_for(tokens); int64_t(s.blocks.size()) < n;)
    s.blocks.push_back(blocks_.take());
}

void Scheduler::release(Sequence& s) {
  for (; !s.blocks.empty(); s.blocks.pop_back()) blocks_.give(s.blocks.back());
  ++s.block_lists;
  if (s.slot >= 0) slots_.give(s.slot);
  s.slot = -1;
}

bool Scheduler::preempt_youngest() {
  if (running_.size() < 2) return false;
  Sequence& s = *running_.back();
  release(s);
  s.computed = 0;
  waiting_.splice(waiting_.begin(), running_, std::prev(running_.end()));
  ++preemptions_;
  return preempted_ = true;
}

std::unique_ptr<Sequence> Scheduler::remove(Sequence* s) {
  for (Queue* q : {&running_, &waiting_}) {
    auto it = std::find_if(q->begin(), q->end(), [&](const auto& p) { return p.get() == s; });
    if (it == q->end()) continue;
    std::unique_ptr<Sequence> out = std::move(*it);
    q->erase(it);
    release(*out);
    return out;
  }
  return nullptr;
}

Sequence* Scheduler::find(int64_t handle) const {
  for (const Queue* q : {&running_, &waiting_}) {
    for (const auto& p : *q) {
      if (p->handle == handle) return p.get();
    }
  }
  return nullptr;
}

}  // namespace fk::core
