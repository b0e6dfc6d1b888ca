// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <set>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/cli/best.hpp"
#include "core/cli/eval_sheet.hpp"
#include "core/cli/printing.hpp"
#include "core/cli/progress.hpp"
#include "core/cli/store_flags.hpp"
#include "core/eval/report.hpp"
#include "core/plugin/cache.hpp"
#include "core/plugin/content_hash.hpp"
#include "core/resolve/selector.hpp"

namespace fk::core {
namespace {

struct EvalFlags {
  ModelFlags model;  // of every model; its config is the scenario's
  std::string scenario;
  std::vector<std::string> only;
  BestFlags best;
  RecordFlags store;
  bool json = false;

  void add_to(CLI::App&);
  bool is_best() const { return model.policy == "best"; }
  std::string policy() const;  // in words
};

void EvalFlags::add_to(CLI::App& app) {
  const auto all = CLI::MultiOptionPolicy::TakeAll;
  app.add_option("--scenario", scenario, "the models, a file of scenarios/")
      ->type_name("FILE")
      ->required();
  app.add_option("--model", only, "only this model of it; may be given again")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(all);
  app.add_option("--policy", model.policy,
                 "what is evaluated: best, what `fk resolve` finds; candidate:NAME, wherever it is "
                 "supported; or baseline. Default: best, or the baselines with --pin")
      ->type_name("POLICY");
  app.add_option("--pin", model.pins,
                 "task[:decode|:prefill][@path-pattern]=implementation, over the baselines or a "
                 "candidate; may be given again")
      ->type_name("PIN")
      ->expected(1)
      ->multi_option_policy(all);
  app.add_option("--plan", model.plan, "a saved plan, of one model")->type_name("FILE");
  app.add_option("--candidates", model.candidates,
                 "one more folder with candidates; may be given again")
      ->type_name("DIR")
      ->expected(1)
      ->multi_option_policy(all);
  app.add_option("--device", model.device, "where it runs")
      ->type_name("DEVICE")
      ->capture_default_str();
  app.add_option("--threads", model.threads, "CPU threads; 0: one a core")
      ->check(CLI::Range(0, 1024))
      ->type_name("N");
  app.add_option("--budget", best.case_budget, "seconds of measuring a case, at most")
      ->check(CLI::PositiveNumber);
  app.add_option("--proof-budget", best.options.proof_budget,
                 "seconds of comparing whole models on a workload, at most")
      ->check(CLI::PositiveNumber);
  store.add_to(app);
  app.add_flag("--json", json, "as JSON");
}

std::string EvalFlags::policy() const {
  std::string out = model.plan.empty() ? model.policy : "plan " + model.plan;
  for (const std::string& pin : model.pins) out += ", " + pin;
  return out;
}

// A model of the scenario that is about to be evaluated.
struct Entry {
  eval::ScenarioModel model;
  std::unique_ptr<Session> session;
  BuildOptions asked;  // with the policy, pins and plan of the command line
  Plan baseline;
  std::vector<resolver::Refused> refused;  // that the command line asks for
  bool used = false;  // something of what was asked for has a place in the tree

  bool calls(const std::string& task) const {
    return std::any_of(baseline.choices.begin(), baseline.choices.end(),
                       [&](const Choice& c) { return c.task == task; });
  }
  Plan dry(const BuildOptions& build) const {
    BuildOptions o = build;
    o.dry = true;
    return Model::build(session->workspace.catalog(), nullptr, session->assets.config.model,
                        session->assets.init, o)
        ->plan();
  }
};

// Plugins that the command line names: the only candidates that have a part in it.
std::set<std::string> named(const EvalFlags& f, const BuildOptions& asked) {
  std::set<std::string> out;
  if (asked.policy.kind == Policy::Kind::kCandidate)
    out.insert(Selector::parse(asked.policy.candidate).plugin);
  for (const Pin& p : asked.policy.pins) out.insert(Selector::parse(p.implementation).plugin);
  if (asked.replay && !f.model.plan.empty())
    for (const Choice& c : asked.replay->choices)
      for (const std::string& i : {c.implementation, c.decode})
        if (!i.empty()) out.insert(Selector::parse(i).plugin);
  return out;
}

Entry prepare(const EvalFlags& f, const eval::ScenarioModel& m) {
  ModelFlags flags = f.model;
  flags.config = shown(m.config);
  flags.resolved_later = flags.admitted_later = true;
  Entry e{m, std::make_unique<Session>(flags, false), {}, {}, {}, false};
  e.asked = e.session->build;
  e.session->build.policy = {};
  e.session->build.replay = nullptr;
  e.baseline = e.dry(e.session->build);
  if (!e.baseline.missing_tasks.empty())
    missing("{}: no implementation of {} here; the model cannot be built", m.name,
            fmt::join(e.baseline.missing_tasks, ", "));
  return e;
}

// Judges what the command line asks for, opens what is right, and leaves out what has no place.
void admit_asked(const EvalFlags& f, Entry& e, Measuring& by, StatusLine& status) {
  Catalog& catalog = e.session->workspace.catalog();
  const Registry& registry = e.session->workspace.registry();
  std::set<std::string> wrong;
  for (const std::string& plugin : named(f, e.asked))
    for (resolver::Refused& x : resolver::admit(
             by.measurer, registry, catalog, [&](const std::string& t) { status(t); }, plugin)) {
      wrong.insert(plugin);
      if (e.calls(x.task)) e.refused.push_back(std::move(x));
    }
  e.used = !e.refused.empty() || e.asked.replay;
  Policy& p = e.asked.policy;
  if (p.kind == Policy::Kind::kCandidate) {
    const Selector s = Selector::parse(p.candidate);
    bool has = false, known = wrong.count(s.plugin);
    for (const auto& [task, spec] : registry.tasks())
      for (const Implementation* i : catalog.implementations(task))
        if (s.matches(*i)) known = true, has = has || e.calls(task);
    if (known && !has) p.kind = Policy::Kind::kBaseline;  // else the build says what is there
    e.used = e.used || has || !known;
  }
  std::erase_if(p.pins, [&](const Pin& pin) {
    const bool place = e.calls(pin.task) || !registry.find(pin.task);
    e.used = e.used || place;
    return !place || wrong.count(Selector::parse(pin.implementation).plugin);
  });
  if (!wrong.empty()) e.asked.replay = nullptr;  // it cannot be had whole
}

eval::Choices choices(const EvalFlags& f, Entry& e, Measuring& by) {
  eval::Choices out;
  if (!f.is_best()) {
    out.plan = e.dry(e.asked);
    out.refused = e.refused;
    return out;
  }
  BestFlags best = f.best;
  best.options.workload = e.model.workloads.front();
  resolver::Resolution r = resolve(*e.session, by, best);
  e.session->build.policy = {};
  for (const std::string& line : finding_lines(r))
    fmt::print(stderr, "{}: {}\n", e.model.name, line);
  for (const std::string& note : r.notes) fmt::print(stderr, "{}: {}\n", e.model.name, note);
  out.plan = std::move(r.plan);
  out.gain = r.gain, out.agreement = r.agreement;
  return out;
}

std::vector<eval::ScenarioModel> chosen(const EvalFlags& f, const eval::Scenario& scenario) {
  std::vector<std::string> names;
  for (const auto& m : scenario.models) names.push_back(m.name);
  for (const std::string& name : f.only)
    if (std::find(names.begin(), names.end(), name) == names.end())
      bad_input("--model {}: {} has no such model{}; it has {}", name, f.scenario,
                did_you_mean(name, names), fmt::join(names, ", "));
  std::vector<eval::ScenarioModel> out;
  for (const auto& m : scenario.models)
    if (f.only.empty() || std::find(f.only.begin(), f.only.end(), m.name) != f.only.end())
      out.push_back(m);
  if (!f.model.plan.empty() && out.size() > 1)
    bad_input("--plan {}: a plan is of one model; say with --model which: {}", f.model.plan,
              fmt::join(names, ", "));
  return out;
}

void settle_policy(EvalFlags& f) {
  ModelFlags& m = f.model;
  const bool given = m.policy != "auto";
  if (given && !m.plan.empty())
    bad_input("--policy {} and --plan: a plan has its choices; give one of them", m.policy);
  if (m.policy == "best" && !m.pins.empty())
    bad_input("--policy best and --pin: give --pin alone, or over candidate:NAME");
  if (!m.plan.empty() && !m.pins.empty())
    bad_input("--plan and --pin: a plan has its choices; give one of them");
  if (!given) m.policy = m.pins.empty() && m.plan.empty() ? "best" : "baseline";
}

std::string plans_hash(const std::vector<eval::ModelResult>& results) {
  if (results.size() == 1) return results[0].plan_hash;
  ContentHash h;
  for (const auto& r : results) h.add(std::string_view(r.plan_hash));
  return h.hex();
}

void record(const EvalFlags& f, record::Recorder& recorder, const Words& words,
            const std::string& plan_hash, const record::Machine& machine, Json& report) {
  if (!recorder.on()) return;
  store::RunRecord r;
  r.command = {"fk", "eval"};
  for (const std::string& w : words) r.command.push_back(w);
  r.config = f.scenario, r.plan_hash = plan_hash;
  r.device = machine.device, r.driver = machine.driver, r.harness = machine.harness;
  r.record = report;
  if (const std::string id = recorder.add(r); !id.empty()) report["id"] = id;
}

}  // namespace

int eval_command(const Words& words) {
  CLI::App app{
      "Scores implementations over the models of a scenario: every task that a model calls, judged "
      "and measured against the best baseline as far as the results store does not know it, "
      "weighed "
      "by its share of the model's time; the whole model's speed; and whether it computes still "
      "what it did. 100 is parity with the baselines, 200 the end.\n"
      "exit codes: 0 all is right, 1 something computes something else, 2 bad usage or input, 3 "
      "missing dependency or device",
      "fk eval"};
  EvalFlags f;
  f.model.device = "cpu";
  f.best.case_budget = 2;
  f.add_to(app);
  if (!parse_flags(app, words)) return 0;
  settle_policy(f);
  const auto begin = std::chrono::steady_clock::now();
  const Paths paths = find_paths();
  const Registry registry = Registry::load(shown(paths.registry));
  const eval::Scenario scenario = eval::load_scenario(f.scenario, paths.packages, registry);
  record::Recorder recorder = f.store.recorder();
  f.best.recorder = &recorder;
  std::vector<Entry> entries;
  for (const eval::ScenarioModel& m : chosen(f, scenario)) entries.push_back(prepare(f, m));
  Measuring by(*entries.front().session, f.model, f.best);
  StatusLine status;
  for (Entry& e : entries) admit_asked(f, e, by, status);
  const bool asks = !f.is_best() && f.policy() != "baseline";
  if (asks && std::none_of(entries.begin(), entries.end(), [](const Entry& e) { return e.used; }))
    bad_input("{}: no model of {} calls a task of it", f.policy(), f.scenario);
  eval::EvaluateOptions options;
  options.proof_budget = f.best.options.proof_budget;
  options.cache = cache_folder() / "resolver";
  std::vector<eval::ModelResult> results;
  for (Entry& e : entries) {
    status.clear();
    const eval::Choices c = choices(f, e, by);
    const resolver::Subject subject = subject_of(*e.session, e.session->weights(c.plan));
    results.push_back(eval::evaluate(e.model, subject, c, by.measurer, options,
                                     [&](const std::string& text) { status(text); }));
  }
  status.clear();
  const record::Machine& machine = by.measurer.machine();
  Json report = eval::report_of(scenario, results);
  report["policy"] = f.policy();
  report["device"] = machine.device;
  report["driver"] = machine.driver;
  report["harness"] = machine.harness;
  report["judged"] = by.measurer.judged();
  report["measured"] = by.measurer.measured();
  report["known"] = by.measurer.known();
  report["seconds"] =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  record(f, recorder, words, plans_hash(results), machine, report);
  fmt::print("{}", f.json ? json_line(report) + "\n" : eval_sheet(report));
  return report["passed"].get<bool>() ? 0 : int(Code::kCheckFailed);
}

}  // namespace fk::core
