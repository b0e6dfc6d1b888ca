// SPDX-License-Identifier: Apache-2.0
#include "core/eval/evaluation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/base/error.hpp"
#include "core/eval/metrics.hpp"
#include "core/judge/cases/problem.hpp"
#include "core/judge/timing/floor.hpp"

namespace fk::eval {
namespace {

using core::Phase;
using resolver::Measurer;

const core::Implementation* find(const core::Catalog& catalog, const std::string& task,
                                 const Computed& c) {
  for (const core::Implementation* i : catalog.implementations(task))
    if (i->id() == c.implementation && i->hash == c.hash) return i;
  core::bad_input("{} {} with hash {} is not loaded", task, c.implementation, c.hash);
}

constexpr int kAgain = 3;  // a machine that was too busy says nothing of what was timed

class Evaluation {
 public:
  Evaluation(const ScenarioModel& m, const resolver::Subject& s, const Choices& c, Measurer& by,
             const EvaluateOptions& o, const Measurer::Progress& progress)
      : model_(m), subject_(s), choices_(c), measurer_(by), options_(o), progress_(progress) {}

  ModelResult run() {
    const core::Assets& assets = subject_.assets;
    out_.name = model_.name, out_.weight = model_.weight;
    out_.config = assets.config.file, out_.weights = assets.weights_text;
    out_.family = family_name(model_.family);
    baseline_ = plan_of_baselines();
    out_.plan_hash = choices_.plan.hash(), out_.baseline_hash = baseline_.hash();
    find_parts();
    for (Part& p : out_.parts) measure(p);
    add_up();
    judge_the_rest();
    if (out_.not_run.empty()) {
      in_place();
      metrics();
    }
    whole();
    return std::move(out_);
  }

 private:
  const core::Registry& registry() const { return subject_.catalog.registry(); }
  void say(const std::string& text) const {
    if (progress_) progress_(model_.name + ": " + text);
  }
  bool same() const { return out_.plan_hash == out_.baseline_hash; }

  core::Plan plan_of_baselines() const {
    core::BuildOptions o = subject_.build;
    o.dry = true;
    o.layers = {};
    o.replay = nullptr;
    return core::Model::build(subject_.catalog, nullptr, subject_.assets.config.model,
                              subject_.assets.init, o)
        ->plan();
  }

  void find_parts() {
    std::set<std::string> called;
    for (const resolver::Workload& w : model_.workloads) {
      say("capturing what " + w.text() + " calls");
      const resolver::Calls calls(subject_, w, options_.cache);
      const auto shares =
          shares_of(baseline_, choices_.plan, calls.of(subject_.build.policy, baseline_));
      double all = 0;
      for (const Share& s : shares) all += s.seconds;
      if (!(all > 0)) core::bad_input("{}: {} takes no time at all", model_.name, w.text());
      for (const Share& s : shares) {
        Part& p = out_.parts.emplace_back();
        p.share = s;
        p.workload = w.text();
        p.level = registry().task(s.task).level;
        const auto factor = model_.tasks.find(s.task);
        p.result.weight = s.seconds / all / double(model_.workloads.size()) *
                          (factor == model_.tasks.end() ? 1 : factor->second);
        called.insert(s.task);
      }
    }
    for (const auto& [task, factor] : model_.tasks)
      if (!called.count(task))
        core::bad_input("{}: a factor for {}, which the model does not call", model_.name, task);
    // One case that several compute is several cases.
    for (Part& p : out_.parts) {
      p.result.id = p.share.given.name;
      for (const Part& other : out_.parts)
        if (other.share.given.name == p.result.id && other.share.task == p.share.task &&
            !(other.share.evaluated == p.share.evaluated)) {
          p.result.id += " by " + p.share.evaluated.implementation;
          break;
        }
    }
  }

  void measure(Part& p) {
    score::CaseResult& r = p.result;
    for (const resolver::Refused& x : choices_.refused)
      if (x.task == p.share.task) {
        p.share.evaluated = {x.implementation, ""};
        p.code = "wrong", p.text = x.reason;
        r.passed = false;
        return;
      }
    if (p.share.same()) {  // parity, by what the words mean
      p.code = "=";
      r.ratio_low = r.ratio = r.ratio_high = r.baseline_seconds = 1;
      return;
    }
    const core::TaskSpec& spec = registry().task(p.share.task);
    const auto evaluated =
                   Measurer::Named::of(*find(subject_.catalog, spec.name, p.share.evaluated)),
               baseline = Measurer::Named::of(*find(subject_.catalog, spec.name, p.share.baseline));
    const auto verdict = measurer_.verdict(spec, evaluated, false, progress_);
    if (!verdict->id.empty()) p.ids.push_back(verdict->id);
    if (!verdict->passed) {
      p.code = "wrong", p.text = verdict->text;
      r.passed = false;
      return;
    }
    const cases::Case& c = p.share.given;
    auto t = measurer_.timing(spec, c, evaluated, baseline, false, progress_);
    for (int again = 0; again < kAgain && resolver::is_busy(t->text); ++again)
      t = measurer_.timing(spec, c, evaluated, baseline, false, progress_);
    if (!t->id.empty()) p.ids.push_back(t->id);
    p.code = t->code;
    r.supported = t->code != "unsupported";
    r.passed = t->code != "REFUSED";
    if (!r.supported || !r.passed) {
      p.text = t->text;
      return;
    }
    r.ratio_low = t->speedup.low, r.ratio = t->speedup.middle, r.ratio_high = t->speedup.high;
    r.baseline_seconds = t->baseline_seconds;
    r.floor_seconds = floor_of(spec, c);
  }

  // As the Judge has it, which knows one of CPUs.
  double floor_of(const core::TaskSpec& spec, const cases::Case& c) const {
    if (subject_.build.device.type != FK_CPU) return 0;
    const auto problem = cases::Problem::make(registry(), spec, c);
    return judge::floor_seconds(judge::work_of(registry(), problem),
                                measurer_.judge().options().runner.threads);
  }

  // By task; what several workloads call alike is one case.
  void add_up() {
    double all = 0;
    for (const Part& p : out_.parts) all += p.result.weight;
    if (!(all > 0)) core::bad_input("{}: all of its tasks weigh nothing", model_.name);
    for (Part& p : out_.parts) {
      p.result.weight /= all;
      score::Operator* o = nullptr;
      for (score::Operator& known : out_.operators)
        if (known.task == p.share.task) o = &known;
      if (!o) {
        o = &out_.operators.emplace_back(score::Operator{p.share.task, 0, {}});
        out_.levels[p.share.task] = p.level;
      }
      o->weight += p.result.weight;
      if (!p.share.same()) out_.other += p.result.weight;
      auto c = std::find_if(o->cases.begin(), o->cases.end(), [&](const score::CaseResult& known) {
        return known.id == p.result.id;
      });
      if (c == o->cases.end())
        o->cases.push_back(p.result);
      else
        c->weight += p.result.weight;
    }
    // A task whose calls took no time that a clock sees has no say, and needs no cases to have
    // none.
    std::erase_if(out_.operators, [](const score::Operator& o) { return o.weight == 0; });
  }

  // What fails here must not run in this process; nor what stands where the baselines have no such
  // node.
  void judge_the_rest() {
    for (const Part& p : out_.parts)
      if (!p.result.passed && out_.not_run.empty())
        out_.not_run =
            fmt::format("{} {}: {}", p.share.task, p.share.evaluated.implementation, p.text);
    std::set<std::pair<std::string, std::string>> seen;
    for (const core::Choice& c : choices_.plan.choices)
      for (const Computed& by :
           {Computed{c.implementation, c.hash}, Computed{c.decode, c.decode_hash}}) {
        if (!out_.not_run.empty()) return;
        if (by.implementation.empty() || !seen.insert({c.task, by.implementation + by.hash}).second)
          continue;
        const core::Implementation* i = find(subject_.catalog, c.task, by);
        if (i->kind != core::Implementation::Kind::kCandidate) continue;
        const auto v =
            measurer_.verdict(registry().task(c.task), Measurer::Named::of(*i), false, progress_);
        if (!v->passed) out_.not_run = fmt::format("{} {}: {}", c.task, i->id(), v->text);
      }
  }

  void in_place() {
    const bool lm = model_.family == core::Config::Engine::kCausalLm;
    for (size_t i = 0; i < model_.workloads.size(); ++i) {
      const resolver::Workload& w = model_.workloads[i];
      InPlace& to = out_.in_place.emplace_back(InPlace{w, {}, false});
      const bool first = i == 0;
      if (same()) {
        to.gain.whole = to.gain.prefill = to.gain.decode = {1, 1, 1};
        to.gain.has_decode = w.tokens > 0;
      } else if (first && choices_.gain) {
        to.gain = *choices_.gain;
        to.measured = true;
      }
      if (first) agreement_ = choices_.agreement;
      const bool look = first && lm && !agreement_, time = !same() && !to.measured;
      if (!look && !time) continue;
      say("the model on " + w.text());
      resolver::Proof proof(subject_, w, options_.cache);
      resolver::Side plan{[&] { return resolver::make_rig(subject_, choices_.plan, w); }};
      if (look) agreement_ = proof.agrees((same() ? proof.baseline() : plan).get());
      if (!time) continue;
      to.gain = proof.gain(proof.baseline(), plan,
                           {.half_width = options_.half_width, .budget = options_.proof_budget});
      to.measured = true;
    }
  }

  void metrics() {
    say("what the model computes");
    const Measured m{model_, subject_, baseline_, choices_.plan, options_.cache};
    if (model_.family == core::Config::Engine::kEncoder) {
      out_.metrics = embedding_metrics(m);
      return;
    }
    out_.metrics.push_back(logits_metric(model_.metric, *agreement_));
    if (model_.metric.perplexity) out_.metrics.push_back(perplexity_metric(m));
  }

  void whole() {
    out_.whole.task = model_.name;
    out_.whole.weight = model_.weight;
    bool right = out_.not_run.empty();
    for (const MetricResult& m : out_.metrics) right = right && m.passed;
    for (const resolver::Workload& w : model_.workloads) {
      score::CaseResult c;
      c.id = w.text();
      c.passed = right;
      for (const InPlace& x : out_.in_place)
        if (x.workload.text() == c.id) {
          c.ratio_low = x.gain.whole.low, c.ratio = x.gain.whole.middle;
          c.ratio_high = x.gain.whole.high;
        }
      c.baseline_seconds = 1;  // no floor of a whole model is known
      out_.whole.cases.push_back(c);
    }
  }

  const ScenarioModel& model_;
  const resolver::Subject& subject_;
  const Choices& choices_;
  Measurer& measurer_;
  const EvaluateOptions& options_;
  const Measurer::Progress& progress_;
  core::Plan baseline_;
  std::optional<resolver::Agreement> agreement_;
  ModelResult out_;
};

}  // namespace

bool ModelResult::passed() const {
  bool ok = not_run.empty();
  for (const Part& p : parts) ok = ok && p.result.passed;
  for (const MetricResult& m : metrics) ok = ok && m.passed;
  return ok;
}

ModelResult evaluate(const ScenarioModel& m, const resolver::Subject& s, const Choices& c,
                     Measurer& measurer, const EvaluateOptions& o,
                     const Measurer::Progress& progress) {
  return Evaluation(m, s, c, measurer, o, progress).run();
}

}  // namespace fk::eval
