// SPDX-License-Identifier: Apache-2.0
#include "core/resolver/parts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fk::resolver {
namespace {

using core::Phase;
using core::search::kNotMeasured;
using core::search::kPhases;
using core::search::PerPhase;

constexpr double kTie = 1e-6;  // so much dearer is what nobody saw to be faster

}  // namespace

Parts::Parts(const Space& space, const core::Registry& registry, Measurer& measurer)
    : space_(space),
      registry_(registry),
      measurer_(measurer),
      cases_(space.subs.size()),
      times_(space.subs.size()),
      out_(space.subs.size()),
      contested_(space.subs.size(), false) {
  for (size_t s = 0; s < space.subs.size(); ++s) {
    const auto& alternatives = space.subs[s].alternatives;
    times_[s].resize(alternatives.size());
    out_[s].resize(alternatives.size());
    for (size_t a = 0; a < alternatives.size(); ++a)
      if (!alternatives[a].built) out_[s][a] = "does not take it: " + alternatives[a].refused;
  }
}

void Parts::set_case(size_t sub, Phase phase, cases::Case c) {
  cases_[sub][size_t(phase)] = std::move(c);
}

void Parts::keep_out(size_t sub, size_t alternative, const std::string& reason) {
  out_[sub][alternative] = reason;
}

// What an alternative is measured against: what the baselines have in that phase.
size_t Parts::rival(size_t sub, size_t phase) const {
  return phase == size_t(Phase::kDecode) ? space_.subs[sub].decode : 0;
}

void Parts::measure(const std::function<bool(const core::Implementation&)>& look,
                    const Measurer::Progress& progress) {
  for (size_t s = 0; s < space_.subs.size(); ++s) {
    const SubProblem& sub = space_.subs[s];
    const core::TaskSpec* spec = registry_.find(sub.task);
    bool called = false;
    for (const Case& c : cases_[s]) called = called || c.has_value();
    for (size_t a = 0; a < sub.alternatives.size(); ++a) {
      const core::Implementation& impl = *sub.alternatives[a].implementation;
      const bool is_baseline = a == 0 || a == sub.decode;
      if (!out_[s][a].empty() || !spec || (is_baseline && sub.decode == 0)) continue;
      if (!called && !is_baseline) {
        out_[s][a] = "the workload does not call it";
        continue;
      }
      const bool only_look = look(impl);
      if (!is_baseline) {
        const auto verdict =
            measurer_.verdict(*spec, Measurer::Named::of(impl), only_look, progress);
        if (!verdict || !verdict->passed) {
          out_[s][a] = verdict ? verdict->text : "not judged yet: `fk resolve` does";
          continue;
        }
      }
      bool faster = false;
      std::string slow;
      for (size_t p = 0; p < kPhases; ++p) {
        if (!cases_[s][p] || rival(s, p) == a) continue;
        const core::Implementation& base = *sub.alternatives[rival(s, p)].implementation;
        auto& t = times_[s][a].phase[p];
        t = measurer_.timing(*spec, *cases_[s][p], Measurer::Named::of(impl),
                             Measurer::Named::of(base), only_look, progress);
        if (!t) {
          slow = "not measured yet: `fk resolve` does";
          break;
        }
        faster = faster || t->faster();
        const bool timed = t->code != "REFUSED" && t->code != "unsupported";
        slow += fmt::format("{}{} {}{}", slow.empty() ? "" : ", ", phase_name(Phase(p)),
                            timed ? t->code + " " : "", t->summary());
        if (!timed) {
          faster = false;
          break;
        }
      }
      if (faster)
        contested_[s] = true;  // by a baseline too, which stands first in the other phase alone
      else if (!is_baseline)
        out_[s][a] = "not faster: " + slow;
    }
  }
}

double seconds_beside(double base, const std::optional<Measurer::Timing>& t) {
  if (!t || t->speedup.middle <= 0 || base <= 0) return kNotMeasured;
  return t->code == "FAST" || t->code == "SLOW" ? base / t->speedup.middle : base * (1 + kTie);
}

// With all that lies below it.
double Parts::whole_seconds(size_t sub, size_t a, size_t phase) const {
  if (!cases_[sub][phase]) return 0;
  const double base = baseline_seconds(sub, Phase(phase));
  return a == rival(sub, phase) ? base : seconds_beside(base, times_[sub][a].phase[phase]);
}

double Parts::baseline_seconds(size_t sub, Phase phase) const {
  const size_t p = size_t(phase);
  if (contested_[sub]) {
    double sum = 0;
    int n = 0;
    for (const Times& t : times_[sub])
      if (t.phase[p] && t.phase[p]->baseline_seconds > 0) sum += t.phase[p]->baseline_seconds, ++n;
    if (n) return sum / n;
  }
  double sum = 0;
  for (const core::search::Child& c : space_.subs[sub].alternatives[0].children)
    sum += double(c.count) * baseline_seconds(c.sub, phase);
  return sum;
}

core::search::Problem Parts::problem(const PerPhase& steps) const {
  core::search::Problem out;
  out.root = space_.root;
  out.weights = steps;
  for (size_t s = 0; s < space_.subs.size(); ++s) {
    const SubProblem& sub = space_.subs[s];
    core::search::Sub to{sub.task, sub.init, "", "", {}};
    for (size_t a = 0; a < sub.alternatives.size(); ++a) {
      const Alternative& from = sub.alternatives[a];
      core::search::Option o;
      o.name = from.implementation->id();
      o.retained_bytes = from.retained_bytes;
      o.children = from.children;
      o.ineligible = out_[s][a];
      for (size_t p = 0; p < kPhases; ++p) {
        double below = 0;
        for (const core::search::Child& c : from.children)
          below += double(c.count) * baseline_seconds(c.sub, Phase(p));
        o.seconds[p] = std::max(0.0, whole_seconds(s, a, p) - below);
      }
      to.options.push_back(std::move(o));
    }
    out.subs.push_back(std::move(to));
  }
  return out;
}

std::string Parts::why(size_t sub, size_t a) const {
  std::string out;
  for (size_t p = 0; p < kPhases; ++p)
    if (const auto& t = times_[sub][a].phase[p])
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", phase_name(Phase(p)), t->summary());
  return out;
}

PerPhase Parts::speedup(size_t sub, size_t a) const {
  PerPhase out{1, 1};
  for (size_t p = 0; p < kPhases; ++p)
    if (const auto& t = times_[sub][a].phase[p]; t && t->speedup.middle > 0)
      out[p] = t->speedup.middle;
  return out;
}

}  // namespace fk::resolver
