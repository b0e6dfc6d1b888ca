// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>

#include "core/resolver/calls.hpp"
#include "core/resolver/measurer.hpp"
#include "core/resolver/space.hpp"

namespace fk::resolver {

// What is known of the parts of a model: cases of every phase that stand for the calls that the
// workload makes, and each alternative's time on them beside the baseline's.
class Parts {
 public:
  Parts(const Space&, const core::Registry&, Measurer&);
  // Calls that the workload makes of a sub-problem; there may be several that stand for others.
  void add_call(size_t sub, const Call&);
  bool is_called(size_t sub, core::Phase p) const { return !calls_[sub][size_t(p)].empty(); }
  bool is_called(size_t sub) const;  // in any phase
  // Judges and measures what is missing; `look(alternative)`: of that one only what is known.
  using Look = std::function<bool(const core::Implementation&)>;
  void measure(const Look&, const Measurer::Progress&);
  // Out of the running, with the reason.
  void keep_out(size_t sub, size_t alternative, const std::string& reason);
  // Of one phase; in the other it may stay the baseline.
  void keep_out_of(core::Phase p, size_t sub, size_t alternative) {
    not_for_[sub][alternative][size_t(p)] = true;
  }
  // A right alternative that alone is not certainly faster nor, in all phases, slower by more than
  // company may make up: what it is worth there (launches that it saves, loads that overlap what
  // ran before, what it leaves in a cache) shows in the model. Or a candidate in a phase whose
  // calls are too large to be judged: there the model is all that can be asked.
  struct Contender {
    size_t sub, alternative;
    std::array<bool, core::search::kPhases> phases{};  // that it is for
    bool too_large = false;                            // in one of them
    double may_save = 0;  // of the workload's time, if company does for it what it may
    // Who may save less than a thousandth would join by noise alone.
    bool is_worth_a_trial() const { return may_save >= 0.001; }
  };
  // Candidates first, and of each kind the one that may save most. `steps`: of each phase, of the
  // workload.
  std::vector<Contender> contenders(const core::search::PerPhase& steps) const;
  // What a contender that pays saved of a step of each phase in the model, as shares of the
  // baselines' step, stands for its times from now on. `plan`: seconds of the sub-problem, with
  // what is below it, in the plan that it was tried beside, as problem() has them. `text`: in
  // words.
  void seen_in_place(const Contender&, const core::search::PerPhase& plan,
                     const core::search::PerPhase& saved, const core::search::PerPhase& steps,
                     const std::string& text);
  bool is_seen_in_place(size_t sub, size_t alternative) const {
    return !in_place_[sub][alternative].text.empty();
  }
  // For the search: costs in seconds of a step, the baselines' as far as they matter.
  core::search::Problem problem(const core::search::PerPhase& steps) const;
  // Of a tree of baselines, as far as something competes with a part of it: the parts measured
  // alone, and as the workload's calls in the model were seen to take.
  double baseline_seconds(size_t sub, core::Phase p) const { return tree_seconds(sub, p, false); }
  double seconds_in_place(size_t sub, core::Phase p) const { return tree_seconds(sub, p, true); }
  // Of a call in the model, with what is below it; 0 where there is none.
  double call_seconds(size_t sub, core::Phase) const;
  // Why an alternative is not eligible; "" when it is.
  const std::string& ineligible(size_t sub, size_t alternative) const {
    return out_[sub][alternative];
  }
  // Its times in words.
  std::string why(size_t sub, size_t alternative,
                  const std::array<bool, core::search::kPhases>& of = {true, true}) const;
  core::search::PerPhase speedup(size_t sub, size_t alternative) const;  // alone; 0: not measured

 private:
  struct Times {
    std::optional<Measurer::Timing> phase[core::search::kPhases];
  };
  std::optional<Measurer::Timing> timing(size_t sub, size_t phase, const core::TaskSpec&,
                                         const core::Implementation&, bool only_look,
                                         const Measurer::Progress&);
  using Which = std::function<bool(size_t sub, size_t alternative)>;
  void judge(const Which&, const Look&, const Measurer::Progress&);
  void time(size_t sub, size_t alternative, const Look&, const Measurer::Progress&);
  bool is_open(size_t sub, size_t alternative) const;
  bool is_faster(size_t sub, size_t alternative) const;
  bool is_in_the_running(size_t sub, size_t alternative) const;
  size_t rival(size_t sub, size_t phase) const;
  double tree_seconds(size_t sub, core::Phase, bool in_place) const;
  double share_of_step(size_t sub, size_t phase) const;
  bool is_candidate(size_t sub, size_t alternative) const;
  double may_be(size_t sub, size_t alternative, size_t phase) const;
  core::search::PerPhase weights(const core::search::PerPhase& steps) const;
  double whole_seconds(size_t sub, size_t alternative, size_t phase) const;
  const Space& space_;
  const core::Registry& registry_;
  Measurer& measurer_;
  std::vector<std::array<std::vector<Call>, core::search::kPhases>> calls_;
  std::vector<std::vector<Times>> times_;
  std::vector<std::vector<std::string>> out_, slow_;  // slow_: why, were it not faster
  struct InPlace {
    std::array<bool, core::search::kPhases> phases{};
    core::search::PerPhase speedup{};  // beside the baseline
    std::string text;
  };
  std::vector<std::vector<InPlace>> in_place_;
  std::vector<std::vector<std::array<bool, core::search::kPhases>>> not_for_;
  std::vector<bool> contested_;  // something eligible competes with the baseline
};

// Of several cases as one, each as heavy as the calls that it stands for: the harmonic mean of the
// speed-ups weighted by time, seconds a call. One that could not be timed stands for all; those
// that are too large to be judged do where they took most of the time, else the others stand for
// them.
Measurer::Timing combined(const std::vector<Call>&, const std::vector<Measurer::Timing>&);

// Of an alternative where the baseline of that phase takes `base`; 0: of which nobody knows more
// than that it is the baseline. Only a difference that is certain counts, a tie goes to the
// baseline.
double seconds_beside(double base, const std::optional<Measurer::Timing>&);

}  // namespace fk::resolver
