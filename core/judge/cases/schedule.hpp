// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "core/judge/cases/case.hpp"
#include "core/judge/cases/host_tensor.hpp"
#include "core/spec/registry.hpp"

namespace fk::cases {

// One batch_step with the tensors it points to.
struct Step {
  explicit Step(const core::StructSpec& spec) : value(core::StructValue::step(spec)) {}
  void set(const char* name, int64_t size) {
    value.set(name, size);
    sizes[name] = size;
  }
  core::StructValue value;
  std::map<std::string, int64_t> sizes;  // the fields that are numbers
  struct Named {
    std::string name;  // "..._host": stays on the host
    std::unique_ptr<HostTensor> tensor;
  };
  std::vector<Named> tensors;
  std::vector<double> positions;  // of every token in its sequence
  int64_t num_seqs = 0;
};

// Plays an engine: ragged sequences with scattered cache blocks, prefill and decode mixed in one
// step.
class Schedule {
 public:
  Schedule(const core::StructSpec& spec, uint64_t seed, int64_t block_size, int64_t num_blocks,
           int64_t num_slots);
  // n tokens of new sequences; with `history` they have run before (a cache filled with whatever is
  // there).
  std::unique_ptr<Step> begin(int64_t n, bool history);
  // n tokens that go on with the sequences so far (most of them decode), and perhaps one new
  // sequence.
  std::unique_ptr<Step> go_on(int64_t n);
  // The step that computes what `exactly`, called next, finds as its sequences' past; NULL where
  // none has one.
  std::unique_ptr<Step> past_of(const std::vector<Case::Sequence>&);
  // These and no others. A sequence that pads has no tokens and one query; without `slots` nothing
  // of the step is stored.
  std::unique_ptr<Step> exactly(const std::vector<Case::Sequence>&, bool slots);
  // Instead of scattered ones: these cache blocks, in this order.
  void hand_out(const std::vector<int64_t>& blocks) {
    free_blocks_.assign(blocks.rbegin(), blocks.rend());
  }
  // n sequences of one token each, most of them with a past.
  std::unique_ptr<Step> decode(int64_t n);

  // Sizes that are always enough for `n` tokens a step.
  static int64_t blocks_for(int64_t n, int64_t block_size) {
    return (n + 1) * (40 / block_size + 1);
  }
  static int64_t slots_for(int64_t n) { return n + 2; }
  static int64_t blocks_for(const std::vector<Case::Sequence>&, int64_t block_size);

 private:
  struct Sequence {
    int64_t length = 0, query = 0, slot = 0;
    std::vector<int64_t> blocks;
  };
  enum class Drop { kNone, kOne, kAll };
  std::unique_ptr<Step> make(std::vector<Sequence*> running, Drop slots);
  Sequence* add();

  const core::StructSpec& spec_;
  Random random_;
  int64_t block_size_;
  std::vector<int64_t> free_blocks_, free_slots_;
  std::vector<std::unique_ptr<Sequence>> sequences_;
  std::vector<Sequence*> past_;  // of `exactly`
};

}  // namespace fk::cases
