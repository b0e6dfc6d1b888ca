// SPDX-License-Identifier: Apache-2.0
#include "core/resolver/parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/judge/timing/weighted.hpp"

namespace fk::resolver {
namespace {

using core::Phase;
using core::search::kNotMeasured;
using core::search::kPhases;
using core::search::PerPhase;

constexpr double kTie = 1e-6;  // so much dearer is what nobody saw to be faster
// The speed-up that a part is given for what the model saved, at most: that may be more than the
// part took. And for one that pays while what it saved of each phase drowns in noise.
constexpr double kMostInPlace = 10, kLeastInPlace = 1.001;
// What a part may be faster by in the model than alone. Of what a call leaves to the kernel after
// it, such as room to load weights early, no time of one call knows; for a linear in clusters of
// three blocks that was 10 to 15 %. Of other baselines the order was measured by hand, and they are
// so many.
constexpr double kGainsInPlace = 1.1, kCandidateGains = 1.2;

bool is_refused(const std::optional<Measurer::Timing>& t) { return t && t->code == "REFUSED"; }

bool is_timed(const std::optional<Measurer::Timing>& t) {
  return t && t->code != "REFUSED" && t->code != "unsupported";
}

}  // namespace

Parts::Parts(const Space& space, const core::Registry& registry, Measurer& measurer)
    : space_(space),
      registry_(registry),
      measurer_(measurer),
      calls_(space.subs.size()),
      times_(space.subs.size()),
      out_(space.subs.size()),
      slow_(space.subs.size()),
      in_place_(space.subs.size()),
      not_for_(space.subs.size()),
      contested_(space.subs.size(), false) {
  for (size_t s = 0; s < space.subs.size(); ++s) {
    const auto& alternatives = space.subs[s].alternatives;
    times_[s].resize(alternatives.size());
    out_[s].resize(alternatives.size());
    in_place_[s].resize(alternatives.size());
    not_for_[s].resize(alternatives.size());
    slow_[s].resize(alternatives.size());
    for (size_t a = 0; a < alternatives.size(); ++a)
      if (!alternatives[a].built) out_[s][a] = "does not take it: " + alternatives[a].refused;
  }
}

void Parts::add_call(size_t sub, const Call& c) { calls_[sub][size_t(c.phase)].push_back(c); }

void Parts::keep_out(size_t sub, size_t alternative, const std::string& reason) {
  out_[sub][alternative] = reason;
}

// What an alternative is measured against: what the baselines have in that phase.
size_t Parts::rival(size_t sub, size_t phase) const {
  return phase == size_t(Phase::kDecode) ? space_.subs[sub].decode : 0;
}

bool Parts::is_called(size_t sub) const {
  return std::any_of(calls_[sub].begin(), calls_[sub].end(),
                     [](const auto& calls) { return !calls.empty(); });
}

// All at once of which a verdict is asked for.
void Parts::judge(const Which& which, const Look& look, const Measurer::Progress& progress) {
  std::vector<Measurer::Asked> asked;
  for (size_t s = 0; s < space_.subs.size(); ++s)
    for (size_t a = 1; is_called(s) && a < times_[s].size(); ++a)
      if (const core::Implementation& impl = *space_.subs[s].alternatives[a].implementation;
          is_open(s, a) && which(s, a) && !look(impl))
        asked.push_back({registry_.find(space_.subs[s].task), Measurer::Named::of(impl)});
  measurer_.judge(asked, progress);
  for (size_t s = 0; s < space_.subs.size(); ++s) {
    for (size_t a = 1; is_called(s) && a < times_[s].size(); ++a) {
      if (!is_open(s, a) || !which(s, a)) continue;
      const core::Implementation& impl = *space_.subs[s].alternatives[a].implementation;
      const auto verdict = measurer_.verdict(*registry_.find(space_.subs[s].task),
                                             Measurer::Named::of(impl), look(impl), progress);
      if (verdict && verdict->passed) continue;
      out_[s][a] = verdict ? verdict->text : "not judged yet: `fk resolve` does";
      times_[s][a] = {};
    }
  }
}

// Candidates are judged before anything of them is timed. The other baselines are the project's
// own, many, and mostly slower: of those that are judged which the times, whose outputs are
// compared as well, leave in the running.
void Parts::measure(const Look& look, const Measurer::Progress& progress) {
  judge([this](size_t s, size_t a) { return is_candidate(s, a); }, look, progress);
  for (size_t s = 0; s < space_.subs.size(); ++s) {
    const SubProblem& sub = space_.subs[s];
    for (size_t a = 0; a < sub.alternatives.size(); ++a) {
      const bool is_baseline = a == 0 || a == sub.decode;
      if (is_baseline ? sub.decode > 0 && out_[s][a].empty() : is_open(s, a)) {
        if (is_baseline || is_called(s))
          time(s, a, look, progress);
        else
          out_[s][a] = "the workload does not call it";
      }
    }
  }
  judge([this](size_t s, size_t a) { return !is_candidate(s, a) && is_in_the_running(s, a); }, look,
        progress);
  for (size_t s = 0; s < space_.subs.size(); ++s) {
    for (size_t a = 0; a < times_[s].size(); ++a) {
      const bool is_baseline = a == 0 || a == space_.subs[s].decode;
      if (!out_[s][a].empty()) continue;
      if (is_faster(s, a))
        contested_[s] = true;  // by a baseline too, which stands first in the other phase alone
      else if (!is_baseline)
        out_[s][a] = slow_[s][a];
    }
  }
}

void Parts::time(size_t s, size_t a, const Look& look, const Measurer::Progress& progress) {
  const core::Implementation& impl = *space_.subs[s].alternatives[a].implementation;
  const core::TaskSpec* spec = registry_.find(space_.subs[s].task);
  bool open = false, large = false;
  std::string slow;
  for (size_t p = 0; spec && p < kPhases; ++p) {
    if (calls_[s][p].empty() || rival(s, p) == a) continue;
    auto& t = times_[s][a].phase[p];
    t = timing(s, p, *spec, impl, look(impl), progress);
    if (!t) {
      slow = "not measured yet: `fk resolve` does";
      break;
    }
    open = open || t->open, large = large || t->too_large;
    slow += fmt::format("{}{} {}{}", slow.empty() ? "" : ", ", phase_name(Phase(p)),
                        is_timed(t) ? t->code + " " : "", t->summary());
    // What is wrong is so everywhere. What cannot be timed in one phase may have the other.
    if (is_refused(t)) break;
  }
  slow_[s][a] = (open    ? "too busy a machine to tell, measured again next time: "
                 : large ? "not known to be faster: "
                         : "not faster: ") +
                slow;
}

// Something else than a phase's baseline, of which nothing is wrong so far.
bool Parts::is_open(size_t s, size_t a) const {
  return a != 0 && a != space_.subs[s].decode && out_[s][a].empty() &&
         registry_.find(space_.subs[s].task);
}

bool Parts::is_faster(size_t s, size_t a) const {
  const auto& times = times_[s][a].phase;
  return std::none_of(times, times + kPhases, is_refused) &&
         std::any_of(times, times + kPhases, [](const auto& t) { return t && t->faster(); });
}

// Faster alone, or what a trial in the model may be for.
bool Parts::is_in_the_running(size_t s, size_t a) const {
  bool may = is_faster(s, a);
  for (size_t p = 0; p < kPhases; ++p) may = may || may_be(s, a, p) > 1;
  return may;
}

// On all cases of a phase; none where one is not known.
std::optional<Measurer::Timing> Parts::timing(size_t sub, size_t phase, const core::TaskSpec& spec,
                                              const core::Implementation& impl, bool only_look,
                                              const Measurer::Progress& progress) {
  const core::Implementation& base =
      *space_.subs[sub].alternatives[rival(sub, phase)].implementation;
  std::vector<Measurer::Timing> all;
  for (const Call& c : calls_[sub][phase]) {
    const auto t = measurer_.timing(spec, c.given, Measurer::Named::of(impl),
                                    Measurer::Named::of(base), only_look, progress);
    if (!t) return std::nullopt;
    all.push_back(*t);
    if (t->code == "REFUSED") break;
  }
  return combined(calls_[sub][phase], all);
}

Measurer::Timing combined(const std::vector<Call>& calls,
                          const std::vector<Measurer::Timing>& timings) {
  if (timings.size() == 1) return timings[0];
  Measurer::Timing out;
  std::vector<judge::Weighted> weighted;
  double count = 0, measured = 0, not_measured = 0;  // seconds in the model
  const Measurer::Timing* large = nullptr;
  for (size_t i = 0; i < timings.size(); ++i) {
    const Measurer::Timing& t = timings[i];
    if (!t.too_large && (t.code == "REFUSED" || t.code == "unsupported")) return t;
    const auto n = double(calls[i].calls);
    count += n;
    if (t.too_large) {
      if (!large) large = &t;
      not_measured += n * calls[i].seconds;
      continue;
    }
    weighted.push_back({n * calls[i].seconds, t.speedup});
    measured += n * calls[i].seconds;
    out.open = out.open || t.open;
    out.seconds += n * t.seconds, out.baseline_seconds += n * t.baseline_seconds;
    if (out.id.empty()) out.id = t.id;
  }
  if (large && (weighted.empty() || not_measured > measured)) return *large;
  out.speedup = judge::weighted_speedup(weighted);
  // As they were seen to take in the model, for nobody measured them.
  if (large) {
    out.baseline_seconds += not_measured;
    out.seconds += not_measured / out.speedup.middle;
  }
  out.seconds /= count, out.baseline_seconds /= count;
  out.code = judge::speed_name(judge::speed_of(out.speedup));
  out.open = out.open && out.code == "AMBG";
  out.cases = weighted.size();
  return out;
}

double seconds_beside(double base, const std::optional<Measurer::Timing>& t) {
  if (!t || t->speedup.middle <= 0 || base <= 0) return kNotMeasured;
  return t->code == "FAST" || t->code == "SLOW" ? base / t->speedup.middle : base * (1 + kTie);
}

// With all that lies below it.
double Parts::whole_seconds(size_t sub, size_t a, size_t phase) const {
  if (not_for_[sub][a][phase]) return kNotMeasured;
  if (calls_[sub][phase].empty()) return 0;
  const double base = baseline_seconds(sub, Phase(phase));
  if (a == rival(sub, phase)) return base;
  const InPlace& seen = in_place_[sub][a];
  return seen.phases[phase] ? base / seen.speedup[phase]
                            : seconds_beside(base, times_[sub][a].phase[phase]);
}

double Parts::tree_seconds(size_t sub, Phase phase, bool in_place) const {
  const size_t p = size_t(phase);
  if (contested_[sub]) {
    double sum = 0;
    int n = 0;
    for (const Times& t : times_[sub])
      if (t.phase[p] && t.phase[p]->baseline_seconds > 0) sum += t.phase[p]->baseline_seconds, ++n;
    if (n) return in_place ? call_seconds(sub, phase) : sum / n;
    // Too large to be judged, and something was seen in the model to be faster.
    for (const InPlace& seen : in_place_[sub])
      if (seen.phases[p]) return call_seconds(sub, phase);
  }
  double sum = 0;
  for (const core::search::Child& c : space_.subs[sub].alternatives[0].children)
    sum += double(c.count) * tree_seconds(c.sub, phase, in_place);
  return sum;
}

double Parts::call_seconds(size_t sub, Phase phase) const {
  double sum = 0, count = 0;
  for (const Call& c : calls_[sub][size_t(phase)])
    sum += c.seconds * double(c.calls), count += double(c.calls);
  return count > 0 ? sum / count : 0;
}

// Of the time of a step, by the calls that were seen.
double Parts::share_of_step(size_t sub, size_t p) const {
  const auto all = [&](size_t s) {
    double sum = 0;
    for (const Call& c : calls_[s][p]) sum += c.seconds * double(c.calls);
    return sum;
  };
  const double step = all(space_.root);
  return step > 0 ? std::min(1.0, all(sub) / step) : 0;
}

// Of the phases' shares of the workload's time.
PerPhase Parts::weights(const PerPhase& steps) const {
  PerPhase w{};
  double whole = 0;
  for (size_t p = 0; p < kPhases; ++p)
    whole += w[p] = steps[p] * call_seconds(space_.root, Phase(p));
  for (double& x : w) x /= std::max(whole, std::numeric_limits<double>::min());
  return w;
}

bool Parts::is_candidate(size_t sub, size_t a) const {
  return space_.subs[sub].alternatives[a].implementation->kind ==
         core::Implementation::Kind::kCandidate;
}

// As fast as what beside the baseline, at most; 0 where it has nothing to show for it, or what the
// model says of it is known. Of what is too large to be judged only candidates may.
double Parts::may_be(size_t sub, size_t a, size_t p) const {
  const auto& t = times_[sub][a].phase[p];
  if (!t || not_for_[sub][a][p] || in_place_[sub][a].phases[p]) return 0;
  if (t->too_large) return is_candidate(sub, a) ? kGainsInPlace : 0;
  return is_timed(t) ? t->speedup.high * (is_candidate(sub, a) ? kCandidateGains : kGainsInPlace)
                     : 0;
}

std::vector<Parts::Contender> Parts::contenders(const PerPhase& steps) const {
  const PerPhase weight = weights(steps);
  std::vector<Contender> out;
  const auto add = [&](Contender& c, size_t p, double most) {
    c.phases[p] = true;
    c.too_large = c.too_large || times_[c.sub][c.alternative].phase[p]->too_large;
    c.may_save += weight[p] * share_of_step(c.sub, p) * (1 - 1 / most);
  };
  for (size_t s = 0; s < space_.subs.size(); ++s) {
    const SubProblem& sub = space_.subs[s];
    for (size_t a = 1; a < sub.alternatives.size(); ++a) {
      const auto& times = times_[s][a].phase;
      if (a == sub.decode || std::any_of(times, times + kPhases, is_refused)) continue;
      // Where it is, it is in the running with the phases that were measured.
      const bool faster =
          std::any_of(times, times + kPhases, [](const auto& t) { return t && t->faster(); });
      const bool leaf =
          sub.alternatives[0].children.empty() && sub.alternatives[a].children.empty();
      Contender together{s, a};
      bool any = false, all = true;
      for (size_t p = 0; p < kPhases; ++p) {
        if (calls_[s][p].empty()) continue;
        const double most = may_be(s, a, p);
        any = any || most > 1, all = all && most > 0;
        if (most <= (leaf ? 1 : 0)) continue;
        // The phases may have one each where nothing stands below: of what nobody measured the one
        // says nothing of the other.
        if (leaf && times[p]->too_large) {
          Contender& alone = out.emplace_back(Contender{s, a});
          add(alone, p, most);
        } else if (!leaf || !faster) {
          add(together, p, most);
        }
      }
      if (!any || together.may_save <= 0) continue;
      if (leaf || (all && (together.too_large || !faster))) out.push_back(together);
    }
  }
  // Candidates first: it is for them that somebody asks.
  std::stable_sort(out.begin(), out.end(), [this](const Contender& a, const Contender& b) {
    const bool first = is_candidate(a.sub, a.alternative),
               second = is_candidate(b.sub, b.alternative);
    return first != second ? first : a.may_save > b.may_save;
  });
  return out;
}

void Parts::seen_in_place(const Contender& c, const PerPhase& plan, const PerPhase& saved,
                          const PerPhase& steps, const std::string& text) {
  InPlace& seen = in_place_[c.sub][c.alternative];
  PerPhase before{}, base{}, there{}, now{};
  for (size_t p = 0; p < kPhases; ++p) {
    before[p] = baseline_seconds(c.sub, Phase(p));
    seen.phases[p] = seen.phases[p] || c.phases[p];
  }
  seen.text += (seen.text.empty() ? "" : "; ") + text;
  out_[c.sub][c.alternative].clear();
  contested_[c.sub] = true;
  // It saved that of what the plan has there, which need not be the baseline. What nobody measured
  // has a time only from now on.
  double more = 0;
  for (size_t p = 0; p < kPhases; ++p) {
    if (!c.phases[p]) continue;
    base[p] = baseline_seconds(c.sub, Phase(p));
    there[p] = plan[p] < kNotMeasured ? plan[p] + std::max(0.0, base[p] - before[p]) : base[p];
    const double share = share_of_step(c.sub, p), less = share > 0 ? base[p] * saved[p] / share : 0;
    now[p] = std::clamp(there[p] - less, there[p] / kMostInPlace, there[p] * kMostInPlace);
    more += steps[p] * (now[p] - there[p]);
  }
  for (size_t p = 0; p < kPhases; ++p) {
    if (!c.phases[p]) continue;
    if (more >= 0) now[p] = there[p] / kLeastInPlace;
    seen.speedup[p] = now[p] > 0 ? base[p] / now[p] : 1;
  }
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

std::string Parts::why(size_t sub, size_t a, const std::array<bool, kPhases>& of) const {
  std::string out;
  for (size_t p = 0; p < kPhases; ++p)
    if (const auto& t = times_[sub][a].phase[p]; t && of[p])
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", phase_name(Phase(p)),
                         t->too_large ? "too large to be judged alone" : t->summary());
  if (const std::string& seen = in_place_[sub][a].text; !seen.empty()) out += ", in place " + seen;
  return out;
}

PerPhase Parts::speedup(size_t sub, size_t a) const {
  PerPhase out{};
  for (size_t p = 0; p < kPhases; ++p)
    if (const auto& t = times_[sub][a].phase[p]; t && t->speedup.middle > 0)
      out[p] = t->speedup.middle;
  return out;
}

}  // namespace fk::resolver
