// SPDX-License-Identifier: Apache-2.0
#include "core/resolver/resolver.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>
#include <tuple>

#include "core/base/error.hpp"
#include "core/resolver/calls.hpp"
#include "core/resolver/conflict.hpp"
#include "core/resolver/elimination.hpp"
#include "core/resolver/parts.hpp"
#include "core/resolver/proven.hpp"

namespace fk::resolver {
namespace {

using core::Phase;
using core::Resolved;
using core::search::PerPhase;
using Clock = std::chrono::steady_clock;

constexpr double kAmdahl = 0.03;    // parts and whole may disagree by so much
constexpr size_t kMostAlone = 8;    // choices that are left out one at a time
constexpr size_t kMostRounds = 64;  // of resolving again
constexpr size_t kMostTried = 10;   // contenders that are tried in place

double since(Clock::time_point t) {
  return std::chrono::duration<double>(Clock::now() - t).count();
}

// Of each sub-problem in the best tree, or were it part of that, with what is below it.
std::map<size_t, PerPhase> seconds_of(const core::search::Problem& problem,
                                      const core::search::Result& best) {
  std::map<size_t, PerPhase> out;
  for (auto e = best.subs.rbegin(); e != best.subs.rend(); ++e)  // children before parents
    for (size_t p = 0; p < core::search::kPhases; ++p) {
      const core::search::Option& o = problem.subs[e->sub].options[e->best.option[p]];
      double& sum = out[e->sub][p] = o.seconds[p];
      for (const core::search::Child& c : o.children) sum += double(c.count) * out[c.sub][p];
    }
  return out;
}

}  // namespace

struct Resolver::Impl {
  const Subject& subject;
  Measurer& measurer;
  const ResolveOptions options;
  const Progress progress;
  Space space;
  std::optional<Parts> parts;
  std::optional<Proof> proof;
  Resolution out;
  std::map<std::pair<size_t, size_t>, std::string> kept_out;  // alternatives that lost in place
  std::map<std::pair<size_t, size_t>, std::string> untried;   // contenders without a turn, and why
  std::map<std::pair<size_t, size_t>, std::string> not_paid;  // those that did not pay, and why
  std::set<std::tuple<size_t, size_t, std::array<bool, core::search::kPhases>>> tried;
  std::map<size_t, PerPhase> plan_seconds;  // by sub-problem
  std::vector<Call> captured;               // where cases are given
  std::optional<PerPhase> captured_steps;

  Impl(const Subject& s, Measurer& m, ResolveOptions o, Progress p)
      : subject(s),
        measurer(m),
        options(std::move(o)),
        progress(p ? std::move(p) : [](const std::string&) {}) {}

  const core::Registry& registry() const { return subject.catalog.registry(); }
  // That the costs of the phases are weighted with: the workload's, or those that were captured.
  PerPhase steps() const {
    return captured_steps.value_or(steps_of(options.workload, subject.is_encoder()));
  }

  static bool is_candidate(const core::Implementation& i) {
    return i.kind == core::Implementation::Kind::kCandidate;
  }
  bool look(const core::Implementation& i) const {
    return options.candidates_only && !is_candidate(i);
  }

  // Whether anything may come out but the baselines.
  bool contested() const {
    for (const SubProblem& sub : space.subs)
      for (size_t a = 1; a < sub.alternatives.size(); ++a)
        if (a != sub.decode && sub.alternatives[a].built) return true;
    return false;
  }

  Resolution run() {
    const auto begin = Clock::now();
    progress("looking at what the model can be made of");
    space = find_space(subject.catalog, subject.assets.config.model, subject.assets.init,
                       subject.build);
    if (!space.baseline.missing_tasks.empty())
      core::missing("{}: no implementation of {} here; the model cannot be built",
                    subject.assets.config.file, fmt::join(space.baseline.missing_tasks, ", "));
    out.subs = space.subs.size(), out.builds = space.builds;
    out.policy = subject.build.policy;
    out.policy.kind = core::Policy::Kind::kBest;
    out.plan = space.baseline;
    out.laps("space");
    parts.emplace(space, registry(), measurer);
    if (!options.cases.empty())
      captured = captured_calls(subject, options.cases, space.subs[space.root].init);
    if (contested()) {
      find_cases();
      out.laps("cases");
      parts->measure([this](const auto& i) { return look(i); }, progress);
      out.laps.restart();  // the measurer counts its own
      bool proven = false;
      for (size_t i = 0; i < kMostRounds; ++i)
        if (proven = round(); proven && !try_in_place()) break;
      if (!proven) {
        out.notes.push_back(
            fmt::format("none of {} plans could be proven: it is the baselines'", kMostRounds));
        back_to_baseline();
      }
    }
    out.laps("proof");
    explain();
    out.judged = measurer.judged(), out.measured = measurer.measured();
    out.known = measurer.known();
    for (const auto& [what, seconds] : measurer.laps().to_json().items())
      out.laps.add(what, seconds.get<double>());
    out.seconds = since(begin);
    return std::move(out);
  }

  // From what the workload calls; of trees that only another implementation leads to once that
  // has been judged.
  void find_cases() {
    Calls calls(subject, options.workload, options.cache);
    if (options.cases.empty()) {
      progress("capturing what the workload calls");
      give_cases(calls.of(baseline_policy(), space.baseline), true);
    } else {
      give_captured();
    }
    std::vector<const Resolved*> seen;
    for (const SubProblem& sub : space.subs) {
      if (sub.in_baseline || sub.alternatives.size() < 2 || sub.reach.subs.empty()) continue;
      if (!judged(sub.reach)) continue;
      core::Policy p = subject.build.policy;
      p.kind = core::Policy::Kind::kBest;
      p.resolved = std::make_shared<Resolved>(sub.reach);
      give_cases(calls.of(p, plan_of(p)), false);
    }
  }

  void give_captured() {
    captured_steps = PerPhase{};
    for (const Call& c : captured) {
      if (c.task == space.subs[space.root].task)
        (*captured_steps)[size_t(c.phase)] += double(c.calls);
      const size_t s = space.find(c.task, c.init);
      const bool competes = s < space.subs.size() && space.subs[s].alternatives.size() > 1;
      const std::string why = competes ? measurer.too_large(registry().task(c.task), c.given) : "";
      if (!why.empty())
        out.notes.push_back(
            fmt::format("not measured alone: {} {}: {}", c.task, c.given.name, why));
    }
    give_cases(captured, true);
  }

  core::Policy baseline_policy() const {
    core::Policy p = subject.build.policy;
    p.kind = core::Policy::Kind::kBaseline;
    p.resolved = nullptr;
    return p;
  }

  bool judged(const Resolved& reach) {
    for (const auto& [key, chosen] : reach.subs) {
      const size_t s = space.find(key.first, key.second);
      if (s == space.subs.size()) return false;
      for (const Alternative& a : space.subs[s].alternatives) {
        if (a.implementation->id() != chosen[0].implementation) continue;
        const auto v =
            measurer.verdict(registry().task(key.first), Measurer::Named::of(*a.implementation),
                             look(*a.implementation), progress);
        if (!v || !v->passed) return false;
      }
    }
    return true;
  }

  void give_cases(const std::vector<Call>& calls, bool all) {
    for (const Call& c : calls) {
      const size_t s = space.find(c.task, c.init);
      if (s == space.subs.size() || (!all && space.subs[s].in_baseline)) continue;
      parts->add_call(s, c);
    }
  }

  core::Plan plan_of(const core::Policy& policy) const {
    core::BuildOptions o = subject.build;
    o.policy = policy;
    o.dry = true;
    o.layers = {};
    o.replay = nullptr;
    return core::Model::build(subject.catalog, nullptr, subject.assets.config.model,
                              subject.assets.init, o)
        ->plan();
  }

  // One optimum and its proof; false when something was kept out and it has to be found again.
  bool round() {
    core::search::Problem problem = parts->problem(steps());
    problem.budget = options.memory_budget;
    const auto begin = Clock::now();
    const core::search::Result best = core::search::solve(problem);
    out.search_seconds += since(begin);
    out.exact = best.exact;
    plan_seconds = seconds_of(problem, best);
    const Resolved found = resolved_of(best);
    out.is_baseline = found.subs.empty();
    if (out.is_baseline) {
      back_to_baseline();
      return true;
    }
    out.policy.resolved = std::make_shared<Resolved>(found);
    out.plan = plan_of(out.policy);
    if (const auto conflict = find_conflict(problem, best, out.plan)) {
      give_up(*conflict, problem, best);
      return false;
    }
    PerPhase saved{};
    for (size_t p = 0; p < saved.size(); ++p)
      saved[p] = parts->baseline_seconds(space.root, Phase(p)) - best.seconds[p];
    return proven(found, saved);
  }

  void back_to_baseline() {
    out.is_baseline = true;
    out.plan = space.baseline;
    out.policy.resolved = nullptr;
    out.gain.reset(), out.agreement.reset();
  }

  void give_up(const Conflict& conflict, const core::search::Problem& problem,
               const core::search::Result& best) {
    std::vector<size_t> decode;
    for (const SubProblem& sub : space.subs) decode.push_back(sub.decode);
    for (const GivenUp& g : settle(problem, best, conflict, decode)) {
      const SubProblem& sub = space.subs[g.sub];
      out.notes.push_back(fmt::format("without {} {}: the best parts do not go together ({})",
                                      sub.task, sub.alternatives[g.option].implementation->id(),
                                      conflict.why));
      for (size_t p = 0; p < core::search::kPhases; ++p)
        if (g.phases[p]) parts->keep_out_of(Phase(p), g.sub, g.option);
    }
  }

  Resolved resolved_of(const core::search::Result& best) const {
    Resolved r;
    for (const core::search::Explained& e : best.subs) {
      const SubProblem& sub = space.subs[e.sub];
      std::vector<Resolved::Chosen> entry;
      bool other = false;
      for (const auto& c : e.chosen) {
        const size_t a = c.decision.option[size_t(Phase::kPrefill)],
                     d = c.decision.option[size_t(Phase::kDecode)];
        other = other || a != 0 || d != sub.decode;
        Resolved::Chosen to;
        const auto& first = *sub.alternatives[a].implementation;
        to.implementation = first.id(), to.hash = first.hash;
        to.reason = reason(e.sub, a);
        if (d != a) {
          const auto& second = *sub.alternatives[d].implementation;
          to.decode = second.id(), to.decode_hash = second.hash;
          to.decode_reason = reason(e.sub, d);
        }
        to.instances = e.chosen.size() > 1 ? c.instances : 0;
        entry.push_back(std::move(to));
      }
      if (other) r.subs[{sub.task, sub.init}] = std::move(entry);
    }
    return r;
  }

  std::string reason(size_t sub, size_t a) const {
    const std::string why = parts->why(sub, a);
    return a == 0 || a == space.subs[sub].decode
               ? "best: the baseline"
               : fmt::format("best: {} of {}", why,
                             space.subs[sub].alternatives[0].implementation->id());
  }

  // The alternative that the baselines have in a phase.
  size_t baseline_of(size_t s, size_t phase) const {
    return Phase(phase) == Phase::kDecode ? space.subs[s].decode : 0;
  }
  bool is_baseline(size_t s, size_t a) const { return a == 0 || a == space.subs[s].decode; }

  // Implementation and hash by phase.
  using ByPhase = std::array<std::pair<std::string, std::string>, core::search::kPhases>;
  static ByPhase by_phase(const Resolved::Chosen& c) {
    const std::pair prefill(c.implementation, c.hash);
    return {prefill, c.decode.empty() ? prefill : std::pair(c.decode, c.decode_hash)};
  }
  std::pair<std::string, std::string> named(size_t s, size_t a) const {
    const core::Implementation& i = *space.subs[s].alternatives[a].implementation;
    return {i.id(), i.hash};
  }

  // Sub-problems of which something else than a phase's baseline was chosen for it, with the
  // alternatives; the other phase's baseline is something else, too.
  std::vector<std::pair<size_t, size_t>> chosen(const Resolved& r) const {
    std::vector<std::pair<size_t, size_t>> list;
    for (const auto& [key, entries] : r.subs) {
      const size_t s = space.find(key.first, key.second);
      for (size_t a = 0; a < space.subs[s].alternatives.size(); ++a) {
        bool any = false;
        for (const auto& e : entries)
          for (size_t p = 0; p < core::search::kPhases; ++p)
            any = any || (a != baseline_of(s, p) && parts->is_called(s, Phase(p)) &&
                          by_phase(e)[p] == named(s, a));
        if (any) list.emplace_back(s, a);
      }
    }
    return list;
  }

  bool proven(const Resolved& found, const PerPhase& saved) {
    const auto list = chosen(found);
    ProvenPlans plans(measurer, subject, options.workload);
    if (const auto known = plans.find(out.plan.hash())) {
      out.proof_id = known->id, out.proven_before = true;
      if (known->kept_out.empty()) {
        out.gain = known->gain, out.agreement = known->agreement;
        out.predicted = known->predicted, out.predicted_whole = known->predicted_whole;
        return true;
      }
      for (const auto& k : known->kept_out)
        for (auto [s, a] : list)
          if (space.subs[s].task == k.task && space.subs[s].init == k.init &&
              space.subs[s].alternatives[a].implementation->id() == k.implementation)
            keep_out(s, a, k.reason);
      return false;
    }
    out.proven_before = false;
    const auto before = kept_out;
    prove(found, list, saved);
    ProvenPlans::Entry e;
    e.gain = out.gain, e.agreement = out.agreement;
    e.predicted = out.predicted, e.predicted_whole = out.predicted_whole;
    for (const auto& [which, why] : kept_out)
      if (!before.count(which))
        e.kept_out.push_back(
            {space.subs[which.first].task, space.subs[which.first].init,
             space.subs[which.first].alternatives[which.second].implementation->id(), why});
    out.proof_id = plans.add(out.plan, e, out.notes);
    return e.kept_out.empty();
  }

  // What the Judge could not tell apart alone, or could not judge for its size, one at a time in
  // the whole model beside the plan that was found; true when the optimum has to be found again,
  // mostly because one pays there.
  bool try_in_place() {
    if (options.memory_budget) return false;  // the plan has what fits
    const ProvenPlans plans(measurer, subject, options.workload);
    std::optional<Side> own;
    untried.clear();
    for (const Parts::Contender& c : parts->contenders(steps())) {
      const std::pair which{c.sub, c.alternative};
      const std::tuple turn{c.sub, c.alternative, c.phases};
      if (kept_out.count(which) || tried.count(turn)) continue;
      core::Policy policy = out.policy;
      policy.resolved = std::make_shared<Resolved>(with_contender(c));
      const core::Plan plan = plan_of(policy);
      if (plan.hash() == out.plan.hash()) continue;
      std::optional<ProvenPlans::Entry> seen = plans.find(plan.hash(), out.plan.hash());
      // Whoever waits for the model waits for no trial.
      const bool waits = !seen && options.candidates_only;
      if (!c.is_worth_a_trial() || tried.size() == kMostTried || waits) {
        untried[which] = !c.is_worth_a_trial()
                             ? fmt::format("it may save {:.2g} % of the workload", 100 * c.may_save)
                         : waits ? "`fk resolve` does"
                                 : "others may save more there";
        continue;
      }
      tried.insert(turn);
      if (!seen) {
        seen = in_place(c, policy, own);
        plans.add(plan, *seen, {}, out.plan.hash());
      }
      if (!seen->kept_out.empty()) {
        if (loses_in_place(c, *seen)) return true;
        continue;
      }
      PerPhase saved{};
      for (size_t p = 0; p < saved.size(); ++p)
        if (const double before = seen->gain->first[p]; before > 0)
          saved[p] = (1 - seen->gain->second[p] / before) * step_in_plan(p);
      parts->seen_in_place(c, plan_seconds[c.sub], saved, steps(),
                           for_phase(c) + text_of(seen->gain->of(phase_of(c))));
      return true;
    }
    return false;
  }

  // Of the baselines' step.
  double step_in_plan(size_t p) const {
    return out.gain && out.gain->first[p] > 0 ? out.gain->second[p] / out.gain->first[p] : 1;
  }

  // What does not pay is out of the phases that it was tried for; what is wrong is so everywhere,
  // also where the plan has it: then true.
  bool loses_in_place(const Parts::Contender& c, const ProvenPlans::Entry& seen) {
    const std::string& why = seen.kept_out[0].reason;
    if (seen.agreement && !seen.agreement->ok) {
      keep_out(c.sub, c.alternative, why);
      if (!out.policy.resolved) return false;
      const auto list = chosen(*out.policy.resolved);
      return std::find(list.begin(), list.end(), std::pair{c.sub, c.alternative}) != list.end();
    }
    for (size_t p = 0; p < c.phases.size(); ++p)
      if (c.phases[p]) parts->keep_out_of(Phase(p), c.sub, c.alternative);
    std::string& all = not_paid[{c.sub, c.alternative}];
    all += (all.empty() ? "" : "; ") + why;
    return false;
  }

  // The only one that a contender is for, where the workload has both.
  std::optional<Phase> phase_of(const Parts::Contender& c) const {
    if (c.phases[0] == c.phases[1] || steps()[0] <= 0 || steps()[1] <= 0) return std::nullopt;
    return c.phases[size_t(Phase::kDecode)] ? Phase::kDecode : Phase::kPrefill;
  }

  // "for prefill " of a contender that is not for all that the workload calls.
  std::string for_phase(const Parts::Contender& c) const {
    std::string text;
    bool all = true;
    for (const Phase p : {Phase::kPrefill, Phase::kDecode}) {
      if (c.phases[size_t(p)]) text += fmt::format("for {} ", phase_name(p));
      all = all && (c.phases[size_t(p)] || !parts->is_called(c.sub, p));
    }
    return all ? "" : text;
  }

  static std::string text_of(const judge::Interval& i) {
    return fmt::format("{:.3f}x [{:.3f}, {:.3f}]", i.middle, i.low, i.high);
  }

  // The plan that was found, and a contender in the phases that it is for.
  Resolved with_contender(const Parts::Contender& c) const {
    const SubProblem& sub = space.subs[c.sub];
    Resolved r = out.policy.resolved ? *out.policy.resolved : Resolved();
    const auto entry = r.subs.find({sub.task, sub.init});
    ByPhase by;
    for (size_t p = 0; p < by.size(); ++p)
      by[p] = c.phases[p]             ? named(c.sub, c.alternative)
              : entry == r.subs.end() ? named(c.sub, baseline_of(c.sub, p))
                                      : by_phase(entry->second.front())[p];
    r.subs[{sub.task, sub.init}] = {with_phases({}, by)};
    return r;
  }

  static Resolved::Chosen with_phases(Resolved::Chosen to, const ByPhase& by) {
    std::tie(to.implementation, to.hash) = by[size_t(Phase::kPrefill)];
    std::tie(to.decode, to.decode_hash) = by[size_t(Phase::kDecode)];
    if (by[0] == by[1]) to.decode.clear(), to.decode_hash.clear(), to.decode_reason.clear();
    return to;
  }

  // Beside the plan that was found, which is `own`.
  ProvenPlans::Entry in_place(const Parts::Contender& c, const core::Policy& policy,
                              std::optional<Side>& own) {
    const SubProblem& sub = space.subs[c.sub];
    const std::string id = sub.alternatives[c.alternative].implementation->id();
    progress(fmt::format(
        "the model with {} {}, which {}", sub.task, id,
        c.too_large ? "is too large to be judged alone" : "alone is not certainly faster"));
    if (!proof) proof.emplace(subject, options.workload, options.cache);
    if (!own && out.policy.resolved) own = proof->side(out.policy);
    ProvenPlans::Entry e;
    Side with = proof->side(policy);
    e.agreement = proof->agrees(with.get());
    if (c.too_large && e.agreement->ok) e.agreement = proof->agrees_on_prompts(with.get());
    std::string why;
    if (!e.agreement->ok) {
      why = fmt::format("wrong in the whole model: {}", e.agreement->text());
    } else {
      e.gain = proof->trial(
          own ? *own : proof->baseline(), with,
          {.phase = phase_of(c), .half_width = options.half_width, .budget = options.proof_budget});
      if (e.gain->of(phase_of(c)).low <= 1)
        why = fmt::format(
            "not {} faster alone ({}), nor in place: with it {}against without {}{}",
            c.too_large ? "known to be" : "certainly", parts->why(c.sub, c.alternative, c.phases),
            for_phase(c), text_of(e.gain->of(phase_of(c))),
            e.gain->given_up ? fmt::format(", given up after {} rounds", e.gain->rounds) : "");
    }
    if (!why.empty()) e.kept_out.push_back({sub.task, sub.init, id, why});
    return e;
  }

  void keep_out(size_t s, size_t a, const std::string& why) {
    kept_out[{s, a}] = why;
    if (!is_baseline(s, a)) return parts->keep_out(s, a, why);
    for (size_t p = 0; p < core::search::kPhases; ++p)
      if (a != baseline_of(s, p)) parts->keep_out_of(Phase(p), s, a);
  }

  core::Policy with_only(const Resolved& found,
                         const std::vector<std::pair<size_t, size_t>>& list) const {
    Resolved r;
    for (const auto& [key, entries] : found.subs) {
      const size_t s = space.find(key.first, key.second);
      ByPhase baselines;
      for (size_t p = 0; p < baselines.size(); ++p) baselines[p] = named(s, baseline_of(s, p));
      std::vector<Resolved::Chosen> kept;
      bool any = false;
      for (const Resolved::Chosen& e : entries) {
        ByPhase by = by_phase(e);
        for (size_t p = 0; p < by.size(); ++p)
          if (std::none_of(list.begin(), list.end(),
                           [&](auto x) { return x.first == s && named(s, x.second) == by[p]; }))
            by[p] = baselines[p];
        any = any || by != baselines;
        kept.push_back(with_phases(e, by));
      }
      if (any) r.subs[key] = std::move(kept);
    }
    core::Policy p = out.policy;
    p.resolved = std::make_shared<Resolved>(std::move(r));
    return p;
  }

  // Right, and faster, in the whole model; else the guilty ones are kept out.
  void prove(const Resolved& found, const std::vector<std::pair<size_t, size_t>>& list,
             const PerPhase& saved) {
    progress("building the model with it and without");
    if (!proof) proof.emplace(subject, options.workload, options.cache);
    Side with = proof->side(out.policy);
    with.get();
    progress("comparing the logits of the two");
    out.agreement = proof->agrees(*with.rig);
    if (!out.agreement->ok) {
      for (auto [s, a] : guilty(found, list))
        keep_out(s, a, fmt::format("wrong in the whole model: {}", out.agreement->text()));
      return;
    }
    progress("timing the two in turn");
    const auto phase = list.size() == 1 ? only_phase(list[0].first, list[0].second) : std::nullopt;
    out.gain = proof->trial(proof->baseline(), with,
                            {.phase = phase,
                             .half_width = options.half_width,
                             .budget = options.proof_budget,
                             .certain = options.candidates_only,
                             .hurried = options.candidates_only});
    predict(saved);
    if (list.size() == 1) {
      // For a single phase the other is the baselines' own, and its noise says nothing.
      if (const auto& seen = out.gain->of(phase); loses_at(list[0], seen))
        keep_out(list[0].first, list[0].second,
                 lost(list[0], seen, "the model with it against without"));
    } else {
      leave_one_out(found, list, with);
    }
    compare_with_parts(list);
  }

  static bool loses(const judge::Interval& i) { return i.high < 1; }
  // The order of the baselines was measured in models: who breaks it has to pay for certain.
  bool loses_at(std::pair<size_t, size_t> which, const judge::Interval& i) const {
    return loses(i) || (is_baseline(which.first, which.second) && i.low <= 1);
  }

  std::string lost(std::pair<size_t, size_t> which, const judge::Interval& i,
                   const std::string& what) const {
    const auto [s, a] = which;
    return fmt::format("faster {} ({}), not in place: {} {}",
                       parts->is_seen_in_place(s, a) ? "beside another plan" : "alone",
                       parts->why(s, a), what, text_of(i));
  }

  // Halves, until single choices are found whose model alone is wrong; all of them where only
  // their company is.
  std::vector<std::pair<size_t, size_t>> guilty(const Resolved& found,
                                                std::vector<std::pair<size_t, size_t>> list) {
    while (list.size() > 1) {
      const auto middle = list.begin() + std::ptrdiff_t(list.size() / 2);
      const std::vector<std::pair<size_t, size_t>> halves[] = {{list.begin(), middle},
                                                               {middle, list.end()}};
      bool narrowed = false;
      for (const auto& half : halves) {
        progress(fmt::format("looking for what is wrong among {} choices", list.size()));
        if (proof->agrees(proof->side(with_only(found, half)).get()).ok) continue;
        list = half;
        narrowed = true;
        break;
      }
      if (!narrowed) break;
    }
    return list;
  }

  using Choices = std::vector<std::pair<size_t, size_t>>;
  void leave_one_out(const Resolved& found, const Choices& list, Side& all) {
    std::vector<std::string> why(list.size());
    std::optional<std::pair<double, size_t>> least;
    const double budget = options.proof_budget / double(std::min(list.size(), kMostAlone));
    const auto worth = [&](const std::vector<size_t>& others, size_t which) -> Worth {
      const auto [s, a] = list[which];
      progress(fmt::format("the model without {} {}", space.subs[s].task, named(s, a).first));
      Choices rest;
      for (const size_t i : others) rest.push_back(list[i]);
      Side without = proof->side(with_only(found, rest));
      rest.push_back(list[which]);
      const bool beside_all = rest.size() == list.size();
      std::optional<Side> fewer;
      if (!beside_all) fewer = proof->side(with_only(found, rest));
      const std::optional<Phase> phase = only_phase(s, a);
      const Gain g = proof->trial(
          without, fewer ? *fewer : all,
          {.phase = phase, .half_width = options.half_width, .budget = budget, .certain = true});
      if (beside_all && (!least || g.whole.middle < least->first)) least = {g.whole.middle, which};
      const judge::Interval& seen = g.of(phase);
      if (!loses_at(list[which], seen)) return {seen.middle, false};
      why[which] = lost(list[which], seen,
                        fmt::format("with it {}against without",
                                    phase ? fmt::format("for {} ", phase_name(*phase)) : ""));
      return {seen.middle, true};
    };
    const std::vector<size_t> out_of_it = losers(list.size(), kMostAlone, worth);
    for (const size_t i : out_of_it) keep_out(list[i].first, list[i].second, why[i]);
    if (list.size() > kMostAlone)
      out.notes.push_back(
          fmt::format("{} of {} choices were left out one at a time", kMostAlone, list.size()));
    if (out_of_it.empty() && loses(out.gain->whole) && least) {
      const auto& worst = list[least->second];
      keep_out(worst.first, worst.second,
               lost(worst, out.gain->whole, "all choices together, of which it gains least, "));
    }
  }

  // What the parts promise for the whole, by Amdahl's law: the share of a step that the calls of
  // what is contested were seen to take in the model, and what is saved of them. Not the seconds
  // that the Judge measured: there every call finds its data in no cache, and in a small model a
  // part alone may so take longer than its step.
  void predict(const PerPhase& saved) {
    double before = 0, after = 0;
    for (size_t p = 0; p < saved.size(); ++p) {
      const double t = out.gain->first[p], step = parts->call_seconds(space.root, Phase(p)),
                   alone = parts->baseline_seconds(space.root, Phase(p)),
                   in_place = parts->seconds_in_place(space.root, Phase(p));
      const double share = step > 0 ? std::min(1.0, in_place / step) : 0;
      const double rest = t * std::max(0.01, 1 - (alone > 0 ? share * saved[p] / alone : 0));
      out.predicted[p] = t > 0 ? t / rest : 1;
      before += steps()[p] * t, after += steps()[p] * rest;
    }
    out.predicted_whole = after > 0 ? before / after : 1;
  }

  // Amdahl's law, and where it is broken the parts in place.
  void compare_with_parts(const std::vector<std::pair<size_t, size_t>>& list) {
    const judge::Interval& whole = out.gain->whole;
    const double measured = whole.middle;
    if (whole.low <= out.predicted_whole * (1 + kAmdahl) &&
        whole.high * (1 + kAmdahl) >= out.predicted_whole)
      return;
    std::string text =
        fmt::format("parts and whole disagree: the parts promise {:.3f}x, the model gives {:.3f}x",
                    out.predicted_whole, measured);
    if (options.candidates_only) {  // whoever waits for the model does not wait for an explanation
      out.notes.push_back(text + "; `fk resolve` looks at the parts in place");
      return;
    }
    progress("parts and whole disagree: looking at the parts in place");
    Calls calls(subject, options.workload, {});
    const auto before = calls.of(baseline_policy(), space.baseline),
               after = calls.of(out.policy, out.plan);
    for (auto [s, a] : list) {
      double was = 0, is = 0;
      for (const auto& [from, sum] : {std::pair{&before, &was}, {&after, &is}})
        for (const Call& c : *from)
          if (c.task == space.subs[s].task && c.init == space.subs[s].init) *sum += c.seconds;
      if (was > 0 && is > 0)
        text += fmt::format("; {} {}: alone {}, in place {:.3g}x", space.subs[s].task,
                            space.subs[s].alternatives[a].implementation->id(), parts->why(s, a),
                            was / is);
    }
    text += measured < out.predicted_whole
                ? "; likely cause: in the model its data are in other caches than alone, or it "
                  "slows down what follows"
                : "; likely cause: it leaves caches or threads in a better state for what follows";
    out.notes.push_back(text);
  }

  // The phase that it was chosen for where something else has the other.
  std::optional<Phase> only_phase(size_t s, size_t a) const {
    const core::Implementation& i = *space.subs[s].alternatives[a].implementation;
    std::optional<Phase> only;
    int phases = 0;
    for (const auto& e : out.policy.resolved->subs.at({space.subs[s].task, space.subs[s].init}))
      for (const Phase p : {Phase::kPrefill, Phase::kDecode}) {
        const std::string& has =
            p == Phase::kDecode && !e.decode.empty() ? e.decode : e.implementation;
        if (has != i.id() || !parts->is_called(s, p) || a == baseline_of(s, size_t(p))) continue;
        if (only != p) ++phases, only = p;
      }
    const bool both = parts->is_called(s, Phase::kPrefill) && parts->is_called(s, Phase::kDecode);
    return both && phases == 1 ? only : std::nullopt;
  }

  std::string why_not(size_t s, size_t a) const {
    const std::string &out_for = parts->ineligible(s, a), why = parts->why(s, a);
    if (const auto no_turn = untried.find({s, a}); no_turn != untried.end())
      return fmt::format("{}; not tried in the whole model: {}",
                         out_for.empty() ? "not known to be faster: " + why : out_for,
                         no_turn->second);
    if (!out_for.empty()) return out_for;
    return fmt::format(
        "faster {} ({}), but part of no best plan: what it would be part of, or replace, is faster "
        "otherwise",
        parts->is_seen_in_place(s, a) ? "in place" : "alone", why);
  }

  // Every candidate, and everything else that was chosen.
  void explain() {
    const auto list = out.policy.resolved ? chosen(*out.policy.resolved)
                                          : std::vector<std::pair<size_t, size_t>>();
    for (size_t s = 0; s < space.subs.size(); ++s) {
      const SubProblem& sub = space.subs[s];
      for (size_t a = 0; a < sub.alternatives.size(); ++a) {
        const core::Implementation& i = *sub.alternatives[a].implementation;
        const bool is_chosen = std::find(list.begin(), list.end(), std::pair{s, a}) != list.end();
        if (!is_chosen && !kept_out.count({s, a}) && (!is_candidate(i) || a == 0)) continue;
        Finding f{sub.task, sub.path, i.id(), is_chosen, "", "", "", parts->speedup(s, a)};
        if (const auto phase = is_chosen ? only_phase(s, a) : std::nullopt)
          f.phase = phase_name(*phase);
        if (const auto kept = kept_out.find({s, a}); kept != kept_out.end())
          f.kept_out = kept->second;
        f.reason = is_chosen ? parts->why(s, a) : is_baseline(s, a) ? f.kept_out : why_not(s, a);
        if (const auto why = not_paid.find({s, a}); why != not_paid.end() && f.kept_out.empty()) {
          if (is_chosen)  // for the other phase
            f.reason += "; " + why->second;
          else
            f.reason = f.kept_out = why->second;
        }
        out.findings.push_back(std::move(f));
      }
    }
  }
};

Resolver::Resolver(const Subject& s, Measurer& m, ResolveOptions o, Progress p)
    : impl_(std::make_unique<Impl>(s, m, std::move(o), std::move(p))) {}
Resolver::~Resolver() = default;
Resolution Resolver::resolve() { return impl_->run(); }

}  // namespace fk::resolver
