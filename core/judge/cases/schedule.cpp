// SPDX-License-Identifier: Apache-2.0
#include "core/judge/cases/schedule.hpp"

#include <algorithm>
#include <stdexcept>

namespace fk::cases {
namespace {

constexpr fk_dtype kInt32{FK_INT, 32, 1}, kInt64{FK_INT, 64, 1};

std::vector<int64_t> shuffled(int64_t count, Random& random) {
  std::vector<int64_t> v(static_cast<size_t>(count));
  std::iota(v.begin(), v.end(), 0);
  for (size_t i = v.size(); i > 1; --i) std::swap(v[i - 1], v[size_t(random.below(int64_t(i)))]);
  return v;
}

void add_tensor(Step& step, const char* name, fk_dtype dtype, std::vector<int64_t> shape,
                const std::vector<double>& values) {
  auto tensor = std::make_unique<HostTensor>(dtype, std::move(shape));
  tensor->set(values);
  step.value.set(name, tensor->get());
  step.tensors.push_back({name, std::move(tensor)});
}

}  // namespace

Schedule::Schedule(const core::StructSpec& spec, uint64_t seed, int64_t block_size,
                   int64_t num_blocks, int64_t num_slots)
    : spec_(spec),
      random_(seed),
      block_size_(block_size),
      free_blocks_(shuffled(num_blocks, random_)),
      free_slots_(shuffled(num_slots, random_)) {}

Schedule::Sequence* Schedule::add() {
  sequences_.push_back(std::make_unique<Sequence>());
  sequences_.back()->slot = free_slots_.at(free_slots_.size() - 1);
  free_slots_.pop_back();
  return sequences_.back().get();
}

std::unique_ptr<Step> Schedule::begin(int64_t n, bool history) {
  std::vector<Sequence*> running;
  for (int64_t left = n; left > 0;) {
    Sequence* s = add();
    s->query = random_.below(3) == 0 ? 1 : std::min<int64_t>(left, 1 + random_.below(9));
    if (history && random_.below(4) != 0) s->length = random_.below(21);
    left -= s->query;
    running.push_back(s);
  }
  return make(running, history && n > 3 ? Drop::kOne : Drop::kNone);
}

std::unique_ptr<Step> Schedule::decode(int64_t n) {
  std::vector<Sequence*> running;
  for (int64_t i = 0; i < n; ++i) {
    running.push_back(add());
    running.back()->query = 1;
    if (random_.below(8) != 0) running.back()->length = random_.below(36);
  }
  return make(running, Drop::kNone);
}

std::unique_ptr<Step> Schedule::go_on(int64_t n) {
  std::vector<Sequence*> running;
  int64_t left = n;
  for (auto at = sequences_.rbegin(); at != sequences_.rend() && left > 0;
       ++at) {  // another order than before
    Sequence* s = at->get();
    s->query = std::min<int64_t>(left, random_.below(3) == 0 ? 1 + random_.below(4) : 1);
    left -= s->query;
    running.push_back(s);
  }
  if (left > 0) {
    running.push_back(add());
    running.back()->query = left;
  }
  return make(running, Drop::kNone);
}

int64_t Schedule::blocks_for(const std::vector<Case::Sequence>& seqs, int64_t block_size) {
  int64_t blocks = 1;  // one that is nobody's
  for (const Case::Sequence& s : seqs)
    if (!s.pads()) blocks += (s.context + s.query + block_size - 1) / block_size;
  return blocks;
}

std::unique_ptr<Step> Schedule::past_of(const std::vector<Case::Sequence>& seqs) {
  std::vector<Sequence*> running;
  for (const Case::Sequence& s : seqs) {
    past_.push_back(add());
    if (s.context <= 0) continue;
    past_.back()->query = s.context;
    running.push_back(past_.back());
  }
  return running.empty() ? nullptr : make(running, Drop::kNone);
}

std::unique_ptr<Step> Schedule::exactly(const std::vector<Case::Sequence>& seqs, bool slots) {
  std::vector<Sequence*> running;
  for (size_t i = 0; i < seqs.size(); ++i) {
    Sequence* s = i < past_.size() ? past_[i] : add();
    s->query = seqs[i].query;
    s->length = seqs[i].context;
    running.push_back(s);
  }
  return make(running, slots ? Drop::kNone : Drop::kAll);
}

std::unique_ptr<Step> Schedule::make(std::vector<Sequence*> running, Drop drop) {
  auto step = std::make_unique<Step>(spec_);
  std::vector<double> starts{0}, lengths, slots, states;
  int64_t tokens = 0, max_query = 0, max_length = 0, max_blocks = 1;
  for (Sequence* s : running) {
    const int64_t before = s->length;
    s->length += s->query;
    if (before < 0) {  // padding: a query of nobody
      if (s->length != 0) throw std::logic_error("a sequence that pads has one query");
      step->positions.push_back(0);
      slots.push_back(-1);
    }
    while (int64_t(s->blocks.size()) * block_size_ < s->length) {
      if (free_blocks_.empty()) throw std::logic_error("the schedule ran out of blocks");
      s->blocks.push_back(free_blocks_.back());
      free_blocks_.pop_back();
    }
    for (int64_t p = std::max<int64_t>(before, 0); p < s->length; ++p) {
      step->positions.push_back(double(p));
      slots.push_back(double(s->blocks[size_t(p / block_size_)] * block_size_ + p % block_size_));
    }
    tokens += s->query;
    max_query = std::max(max_query, s->query);
    max_length = std::max(max_length, s->length);
    max_blocks = std::max(max_blocks, int64_t(s->blocks.size()));
    starts.push_back(double(tokens));
    lengths.push_back(double(s->length));
    states.push_back(double(s->slot));
  }
  const int64_t count = int64_t(running.size());
  if (drop == Drop::kOne) slots[slots.size() / 2] = -1;
  if (drop == Drop::kAll) std::fill(slots.begin(), slots.end(), -1);
  std::vector<double> table(size_t(count * max_blocks),
                            -1);  // what lies past a sequence's end is not to be read
  for (int64_t s = 0; s < count; ++s)
    for (size_t b = 0; b < running[size_t(s)]->blocks.size(); ++b)
      table[size_t(s * max_blocks) + b] = double(running[size_t(s)]->blocks[b]);

  step->num_seqs = count;
  step->set("num_seqs", count);
  step->set("num_tokens", tokens);
  step->set("max_query_len", max_query);
  step->set("max_seq_len", max_length);
  add_tensor(*step, "query_start_loc", kInt32, {count + 1}, starts);
  add_tensor(*step, "query_start_loc_host", kInt32, {count + 1}, starts);
  add_tensor(*step, "seq_lens", kInt32, {count}, lengths);
  add_tensor(*step, "seq_lens_host", kInt32, {count}, lengths);
  add_tensor(*step, "block_table", kInt32, {count, max_blocks}, table);
  add_tensor(*step, "slot_mapping", kInt64, {tokens}, slots);
  add_tensor(*step, "state_indices", kInt32, {count}, states);
  return step;
}

}  // namespace fk::cases
