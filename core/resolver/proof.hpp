// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cmath>
#include <functional>
#include <optional>

#include "core/judge/timing/stats.hpp"
#include "core/resolver/rig.hpp"

namespace fk::resolver {

// Whether a model with other choices still computes what it did. The errors are the largest of
// each row, and of them the mean and the largest.
struct Agreement {
  bool ok = false;
  double mean_error = 0, worst_error = 0, mean_bound = 0, worst_bound = 0;
  std::string against;  // the reference, or the baselines' own two ways
  std::string text() const;
};

// Two models on the same workload in turn: the first's time over the second's.
struct Gain {
  // Of a round: seconds of a step of the first and the second in prefill, then in decode.
  using Sample = std::array<double, 4>;
  judge::Interval prefill, decode, whole;    // whole: of the workload
  core::search::PerPhase first{}, second{};  // median seconds of a step
  size_t rounds = 0;
  bool has_decode = false;
  bool given_up = false;                     // early: the second is hopeless
  std::vector<std::vector<Sample>> samples;  // of each build, its rounds
  // What a choice is told by that is for one phase alone: the other's noise says nothing of it.
  const judge::Interval& of(std::optional<core::Phase> phase) const {
    return !phase ? whole : *phase == core::Phase::kDecode ? decode : prefill;
  }
};

// When two models were timed for long enough.
struct Rounds {
  size_t least = 4;      // rounds of a build; more, up to forty, ...
  double seconds = 0.2;  // ... while they are shorter than that in sum
  size_t builds = 5;     // of both; more, up to `most`, until what follows holds
  size_t most = 8;
  std::optional<core::Phase> phase;  // whose interval is meant below; none: the whole's
  double half_width = 0;             // of the interval; or ...
  double budget = INFINITY;          // ... so many seconds are spent
  // Or it certainly lies on one side of 1, by how much is not asked; one build may be enough then.
  bool certain = false;
  bool hurried = false;  // and the budget may end it before it is certain, and after one build
  // Above 0, the second is on trial: or it certainly loses, or the first rounds give less than
  // this, each of them.
  double hopeless = 0;
};

// A model that can be built again; nothing stands in it before it was needed.
struct Side {
  std::function<std::unique_ptr<Rig>()> build;
  std::unique_ptr<Rig> rig = nullptr;
  Rig& get() {
    if (!rig) rig = build();
    return *rig;
  }
};

// Rounds of both in turn, and of both built anew: what lies where in a built model is luck that all
// of its rounds share. `steps`: of each phase, of the workload. `draw`: who begins is drawn from
// it, and counted up. `each`: called after every build with what is known by then.
Gain in_turn(Side& first, Side& second, const core::search::PerPhase& steps, const Rounds&,
             uint64_t& draw, const std::function<void(const Gain&)>& each = {});

// What the reference says where it is asked with `ask`: from a file in `cache` when it was asked
// before. `what` tells questions apart; "": Rig::logits().
Logits reference_answers(const Subject&, const Workload&, const std::filesystem::path& cache,
                         const std::string& what, const std::function<Logits(Rig&)>& ask);

// The whole model, measured where it will run: in this process, on real or seeded weights. What is
// built here has been judged before.
class Proof {
 public:
  // Builds the baselines. `cache`: a folder for the reference's logits, which are slow to get.
  Proof(const Subject&, const Workload&, std::filesystem::path cache);
  ~Proof();
  // Passes when no row is further off than twice the baselines' own error, plus what rounding may
  // do.
  Agreement agrees(Rig&);
  // Where nobody judged calls of the workload's size: what it says after the workload's prompts is
  // what the baselines say, within the same.
  Agreement agrees_on_prompts(Rig&);
  // Not built yet. `p` is copied.
  Side side(const core::Policy& p) const {
    return {[this, p] { return make_rig(subject_, p, workload_); }};
  }
  Side& baseline() { return baseline_; }
  // `rounds` as in in_turn().
  Gain gain(Side& first, Side& second, const Rounds& rounds) {
    return in_turn(first, second, steps_of(workload_, subject_.is_encoder()), rounds, draws_);
  }
  // Whether the second is faster than the first, where that it is not need not be known exactly.
  Gain trial(Side& first, Side& second, Rounds rounds);
  const Workload& workload() const { return workload_; }

 private:
  void find_bounds();
  const Subject& subject_;
  const Workload workload_;
  const std::filesystem::path cache_;
  Side baseline_;
  Logits right_;  // what others are compared with
  Logits answers_;
  Agreement own_;  // its bounds
  std::vector<double> scale_;
  uint64_t draws_ = 0;
};

}  // namespace fk::resolver
