// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/judge/cases/run_case.hpp"
#include "core/judge/wire/bulk.hpp"
#include "core/judge/wire/feed.hpp"
#include "core/judge/wire/placement.hpp"
#include "core/judge/wire/region.hpp"

namespace fk::judge {

// The arguments that the kernel before a call writes in a model: its inputs, but for what a kernel
// may read before that one ends (docs/plugin_rules.md): positions, which the host copies, and
// caches, which hold earlier steps. None where they are more than such a kernel can be given.
std::vector<const cases::Argument*> fed_arguments(const cases::Call&);

// The memory of timed calls: slots of different content at different addresses. Both sides read the
// same inputs; each has outputs of its own. Before every round all numbers are drawn again, so that
// an answer of an earlier call is of no use, and outputs are poisoned; after it every output of one
// side is held against the other's.
class Ring {
 public:
  enum Side { kCandidate, kBaseline };

  // Of a problem of one call. `bytes`: about what the slots may take. `chained`: the fed arguments
  // are each side's own, to be written by its kernel before the call, and staged in the inputs.
  Ring(const cases::Problem&, size_t bytes, size_t most_slots, uint64_t seed, fk_device,
       bool chained);

  size_t slots() const { return slots_; }
  Json message(Side) const;
  std::vector<int> descriptors(Side s) const {
    return {inputs_.descriptor(), outputs_[s].descriptor(), host_.descriptor()};
  }
  // New numbers in these slots. Nothing may run meanwhile.
  void redraw(const std::vector<size_t>& slots);
  // The numbers of a call, whose step is the ring's, in a slot in place of those drawn last.
  void place(size_t slot, const cases::Call&);
  // One slot as a problem, as it was before the call, for the oracle; and what a side made of it.
  cases::Problem problem(const core::Registry&, size_t slot) const;
  cases::Outcome outcome(Side, size_t slot) const;
  // Where outputs that are no inputs lie in slot 0, for whoever poisons them again before a call.
  Json poison() const;
  // What the kernel before a call writes, each as Feed has it; empty where there is none.
  Json feed() const;
  // The largest difference that two right answers may have, by output; 0 asks for equality.
  void set_bound(const std::string& output, double bound) { bounds_[output] = bound; }
  // Outputs of these slots as they are now: before outcome(), which looks at copies on a card.
  void fetch(const std::vector<size_t>& slots) const;
  // The first output of these slots where the sides differ by more, or "". Fed arguments count as
  // outputs that may not differ, since a call could write them.
  std::string difference(const std::vector<size_t>& slots) const;
  size_t input_bytes() const { return packers_.inputs.size(); }

 private:
  struct Tensor {
    const cases::Argument* arg;  // null for a tensor of the step
    const cases::Step::Named* step;
    Placement at;
    size_t bytes;  // of the elements
    bool written;
    size_t pool = 0, room = 0;  // where its numbers are drawn from, and bytes there beyond its own
    std::vector<size_t> drawn;  // by slot, where in the pool its numbers begin; empty for outputs
    bool fed = false;
    Feed::At staged;  // of a fed one, in the inputs
    bool each_sides_own() const { return at.in == Placement::In::kOutputs; }
  };
  const Region& region(const Tensor& t, Side s) const {
    return t.at.in == Placement::In::kOutputs  ? outputs_[s]
           : t.at.in == Placement::In::kInputs ? inputs_
                                               : host_;
  }
  uint8_t* address(const Tensor& t, size_t slot, Side s) const {
    return region(t, s).data() + t.at.offset + slot * t.at.step;
  }
  // The same, as the device has it.
  uint8_t* on_device(const Tensor& t, size_t slot, Side s) const {
    return region(t, s).on_device() + t.at.offset + slot * t.at.step;
  }
  void add(Tensor);
  void fill_pool();
  void place_steps();

  const cases::Problem& problem_;
  size_t slots_;
  cases::Random random_;
  std::vector<Tensor> tensors_;
  std::map<std::string, double> bounds_;
  PerPlace<Packer> packers_;
  Region inputs_, outputs_[2], host_;
  Region pool_;  // numbers, of which any stretch is as good an input
  std::unique_ptr<Bulk> bulk_;
};

}  // namespace fk::judge
