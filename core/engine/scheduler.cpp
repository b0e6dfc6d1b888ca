// SPDX-License-Identifier: Apache-2.0
#include "core/engine/scheduler.hpp"

#include <algorithm>

namespace fk::core {
namespace {

// Every step comes to sequences that lie anywhere in memory: what it will touch of one is asked for
// while those before it are looked at, first the sequence, then the end of its tokens.
constexpr size_t kAhead = 8;

void prefetch(const Sequence& s) {
  for (int line = 0; line < 2; ++line)
    __builtin_prefetch(reinterpret_cast<const char*>(&s) + 64 * line, 1);
}
void prefetch_tokens(const Sequence& s) {
  __builtin_prefetch(s.tokens.data() + s.tokens.size() - 1, 1);
}

}  // namespace

Scheduler::Scheduler(const Limits& limits)
    : limits_(limits), blocks_(limits.num_blocks), slots_(limits.num_slots) {
  batch_.reserve(size_t(limits.max_num_seqs));
  running_.reserve(size_t(limits.max_num_seqs));
}

void Scheduler::add(std::unique_ptr<Sequence> s) { waiting_.push_back(std::move(s)); }

const std::vector<Scheduled>& Scheduler::schedule(bool may_preempt) {
  may_preempt_ = may_preempt;
  starved_ = false;
  scheduled_ = 0;
  sampled_ = 0;
  repeats_ = decodes_;
  decodes_ = true;
  tokens_left_ = limits_.max_tokens;
  rows_left_ = limits_.max_rows;
  preempted_ = false;
  schedule_decodes();
  if (prompts_) schedule_prompts();
  // A sequence that was just pushed out must not come back for the blocks that it gave up for
  // another.
  if (!preempted_) admit();
  if (!repeats_ || !decodes_ || scheduled_ != batch_.size()) ++batch_id_;
  batch_.resize(scheduled_);
  return batch_;
}

void Scheduler::schedule_decodes() {
  prompts_ = true;
  bool prompts = false;
  for (size_t i = 0; i < std::min(kAhead, running_.size()); ++i) prefetch(*running_[i]);
  for (size_t i = 0; i < running_.size(); ++i) {
    if (i + kAhead < running_.size()) prefetch(*running_[i + kAhead]);
    if (i + kAhead / 2 < running_.size()) prefetch_tokens(*running_[i + kAhead / 2]);
    Sequence& s = *running_[i];
    if (s.closing()) continue;
    if (!s.decoding()) {
      prompts = true;
      continue;
    }
    if (tokens_left_ == 0 || rows_left_ == 0) return;
    if (capacity(s) <= s.computed && !may_preempt_) {
      starved_ = true;
      continue;
    }
    bool fits = true;
    while (capacity(s) <= s.computed && fits) {
      // The youngest stands at the end, so it has no place in this step yet, unless it is this one.
      const bool self = i + 1 == running_.size();
      fits = preempt_youngest() && !self;
    }
    if (!fits) return;
    put(s, 1, true);
  }
  prompts_ = prompts || scheduled_ == 0;
}

void Scheduler::schedule_prompts() {
  for (auto& p : running_) {
    if (!p->decoding() && !p->closing()) {
      if (int64_t n = chunk(*p)) put(*p, n, false);
    }
  }
  if (!may_preempt_) return;
  // Prompts that block each other: the oldest gets the blocks of the youngest.
  while (scheduled_ == 0 && !running_.empty() && preempt_youngest()) {
    if (int64_t n = chunk(*running_.front())) put(*running_.front(), n, false);
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
    running_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    put(s, n, false);
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

void Scheduler::put(Sequence& s, int64_t count, bool decode) {
  grow(s, s.computed + count);
  tokens_left_ -= count;
  rows_left_ -= decode ? 1 : rows(s, count);
  decodes_ &= decode;
  const bool samples = decode || (!s.score && count == s.to_compute());
  const Scheduled now{&s, int32_t(count), samples ? sampled_++ : -1};
  if (scheduled_ == batch_.size()) {
    batch_.push_back(now);
    repeats_ = false;
  } else if (batch_[scheduled_] != now) {
    batch_[scheduled_] = now;
    repeats_ = false;
  }
  ++scheduled_;
}

void Scheduler::grow(Sequence& s, int64_t tokens) {
  if (!limits_.num_blocks) return;
  while (int64_t(s.blocks.size()) * limits_.block_size < tokens) s.blocks.push_back(blocks_.take());
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
  waiting_.push_front(std::move(running_.back()));
  running_.pop_back();
  ++preemptions_;
  return preempted_ = true;
}

std::unique_ptr<Sequence> Scheduler::remove(Sequence* s) {
  auto take = [&](auto& queue) {
    std::unique_ptr<Sequence> out;
    auto it = std::find_if(queue.begin(), queue.end(), [&](const auto& p) { return p.get() == s; });
    if (it == queue.end()) return out;
    out = std::move(*it);
    queue.erase(it);
    release(*out);
    return out;
  };
  std::unique_ptr<Sequence> out = take(running_);
  return out ? std::move(out) : take(waiting_);
}

Sequence* Scheduler::find(int64_t handle) const {
  auto in = [&](const auto& queue) -> Sequence* {
    for (const auto& p : queue)
      if (p->handle == handle) return p.get();
    return nullptr;
  };
  Sequence* s = in(running_);
  return s ? s : in(waiting_);
}

}  // namespace fk::core
