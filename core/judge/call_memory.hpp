// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/judge/cases/random_weights.hpp"
#include "core/judge/cases/run_case.hpp"
#include "core/judge/wire/bulk.hpp"
#include "core/judge/wire/placement.hpp"
#include "core/judge/wire/region.hpp"

namespace fk::judge {

// The memory of a problem's calls, in `slots` copies at different addresses: inputs that a Runner
// can only read, outputs and mutable arguments that it writes. What lies between tensors and behind
// rows has a pattern, another in every slot, that nobody may change and nothing may depend on. On a
// card the same, but for what the step keeps on the host.
class CallMemory {
 public:
  // Keeps a reference to the problem, whose shapes are those of every slot.
  CallMemory(const cases::Problem&, size_t slots, fk_device);

  // The arguments of a Runner's "place", and the descriptors that go with it.
  Json message() const;
  std::vector<int> descriptors() const {
    return {regions_.inputs.descriptor(), regions_.outputs.descriptor(),
            regions_.host.descriptor()};
  }

  // Everything as it is before the calls; outputs are poisoned. `p` has the same shapes.
  void write(size_t slot, const cases::Problem& p);
  // What the calls left. Inputs that changed and patterns that did are `overwritten`.
  cases::Outcome read(size_t slot) const;

 private:
  struct Tensor {
    size_t call;
    const cases::Argument* arg;  // null for a tensor of the step
    const cases::Step::Named* step;
    Placement at;
    size_t bytes;  // with gaps and guard
    bool written;
  };
  static uint8_t pattern(size_t slot);
  uint8_t* address(const Tensor&, size_t slot) const;
  void add(Tensor, const cases::HostTensor& like);

  const cases::Problem& problem_;
  size_t slots_;
  std::vector<Tensor> tensors_;
  std::vector<std::vector<std::unique_ptr<cases::HostTensor>>> masters_;  // [slot][tensor]
  PerPlace<Packer> packers_;
  PerPlace<Region> regions_;
};

// The states of a build, zeroed, where the Runner can write them.
class StateMemory {
 public:
  StateMemory(const std::vector<core::StateUse>&, fk_device);
  Json places() const { return places_; }
  size_t bytes() const { return bytes_; }
  int descriptor() const { return region_.descriptor(); }
  void read(cases::Outcome&) const;  // as "state <path>"
  void clear() const;                // as before the first call
  // The first state that differs from the other side's by more than its bound, or "". Both are of
  // the same states; one that has no bound must be equal.
  std::string difference(const StateMemory& other,
                         const std::map<std::string, double>& bounds) const;

 private:
  static std::string name_of(const core::StateUse& s) { return "state " + s.path; }

  const std::vector<core::StateUse>& states_;
  std::vector<size_t> offsets_;
  Json places_ = Json::object();
  size_t bytes_ = 0;
  Region region_;
  std::unique_ptr<Bulk> bulk_;
};

// A case's weights where the Runner can read them: on the host, from where a model takes them to
// its device itself.
class WeightMemory {
 public:
  explicit WeightMemory(const cases::RandomWeights&);
  Json params() const { return params_; }
  size_t bytes() const { return bytes_; }
  int descriptor() const { return region_.descriptor(); }

 private:
  Json params_ = Json::array();
  size_t bytes_ = 0;
  Region region_;
};

}  // namespace fk::judge
