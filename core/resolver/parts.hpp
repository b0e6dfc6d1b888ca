// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>

#include "core/judge/cases/case.hpp"
#include "core/resolver/measurer.hpp"
#include "core/resolver/space.hpp"

namespace fk::resolver {

// What is known of the parts of a model: a case of every phase that stands for the calls that the
// workload makes, and each alternative's time on it beside the baseline's.
class Parts {
 public:
  // A part of the workload's calls of a sub-problem; absent where it makes none.
  using Case = std::optional<cases::Case>;

  Parts(const Space&, const core::Registry&, Measurer&);
  void set_case(size_t sub, core::Phase, cases::Case);
  // Judges and measures what is missing; `look(alternative)`: of that one only what is known.
  void measure(const std::function<bool(const core::Implementation&)>& look,
               const Measurer::Progress&);
  // Out of the running, with the reason.
  void keep_out(size_t sub, size_t alternative, const std::string& reason);
  // For the search: costs in seconds of a step, the baselines' as far as they matter.
  core::search::Problem problem(const core::search::PerPhase& steps) const;
  // Of a tree of baselines, as far as something competes with a part of it.
  double baseline_seconds(size_t sub, core::Phase) const;
  // Why an alternative is not eligible; "" when it is.
  const std::string& ineligible(size_t sub, size_t alternative) const {
    return out_[sub][alternative];
  }
  std::string why(size_t sub, size_t alternative) const;  // its times in words
  core::search::PerPhase speedup(size_t sub, size_t alternative) const;

 private:
  struct Times {
    std::optional<Measurer::Timing> phase[core::search::kPhases];
  };
  size_t rival(size_t sub, size_t phase) const;
  double whole_seconds(size_t sub, size_t alternative, size_t phase) const;
  const Space& space_;
  const core::Registry& registry_;
  Measurer& measurer_;
  std::vector<std::array<Case, core::search::kPhases>> cases_;
  std::vector<std::vector<Times>> times_;
  std::vector<std::vector<std::string>> out_;
  std::vector<bool> contested_;  // something eligible competes with the baseline
};

// Of an alternative where the baseline of that phase takes `base`; 0: of which nobody knows more
// than that it is the baseline. Only a difference that is certain counts, a tie goes to the
// baseline.
double seconds_beside(double base, const std::optional<Measurer::Timing>&);

}  // namespace fk::resolver
