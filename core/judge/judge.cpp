// SPDX-License-Identifier: Apache-2.0
#include "core/judge/judge.hpp"

#include <sys/random.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/judge/cases/captured_cases.hpp"
#include "core/judge/draws.hpp"
#include "core/judge/gate/gate.hpp"
#include "core/judge/trial.hpp"

namespace fk::judge {
namespace {

// After so many lost Runners the rest of the cases is not worth their deadlines.
constexpr int kMostFailures = 4;

// Below a composite the baselines are those that a model would have.
JudgeOptions with_order(JudgeOptions o) {
  if (const auto order = o.plugins / "order.yaml"; std::filesystem::exists(order))
    o.runner.order = order;
  return o;
}

}  // namespace

Judge::Judge(const core::Registry& registry, JudgeOptions options)
    : registry_(registry),
      options_(with_order(std::move(options))),
      oracle_(registry, options_.plugins) {}
Judge::~Judge() = default;

uint64_t Judge::seed() const {
  if (options_.seed != 0) return options_.seed;
  uint64_t bits = 0;
  if (getrandom(&bits, sizeof bits, 0) != sizeof bits)
    core::missing("the system gives no random numbers");
  return bits >> 12 | 1;  // short enough to be typed, and never 0
}

std::vector<PluginFile> Judge::companions(const PluginFile& plugin, int level) const {
  std::vector<PluginFile> out;
  if (level == 1) return out;
  std::vector<const char*> names = {"cpu", "composed", "reference"};
  if (options_.runner.device.type != FK_CPU)
    names = {"cuda", "cublaslt", "cudnn", "flashinfer", "composed", "reference"};
  for (const char* name : names)
    if (plugin.name != name && std::filesystem::is_directory(options_.plugins / name))
      for (PluginFile& p : plugin_files(options_.plugins / name, true)) out.push_back(std::move(p));
  return out;
}

std::vector<Offered> Judge::offered(const PluginFile& plugin, const std::string& task) {
  auto known = offered_.find(plugin.hash);
  if (known == offered_.end()) {
    const RunnerProcess runner(options_.runner, plugin, {}, options_.deadline);
    known = offered_.emplace(plugin.hash, runner.offered()).first;
  }
  std::vector<Offered> out;
  for (const Offered& o : known->second)
    if (o.task == task) out.push_back(o);
  return out;
}

CheckRecord Judge::check(const PluginFile& plugin, const std::string& task_name,
                         const std::string& implementation, const OnCase& on_case) {
  const core::TaskSpec& task = registry_.task(task_name);
  const auto begin = Clock::now();
  CheckRecord record;
  record.task = task_name;
  record.implementation = implementation;
  record.hash = plugin.hash;
  record.file = plugin.so.string();
  record.refusal = plugin.refusal;
  record.only = options_.only;
  record.threads = options_.runner.threads;
  if (const fk_device d = options_.runner.device; d.type != FK_CPU)
    record.device = core::device_text(d);
  const std::vector<PluginFile> with = companions(plugin, task.level);
  std::unique_ptr<RunnerProcess> runner;
  const auto start = [&] {
    runner = std::make_unique<RunnerProcess>(options_.runner, plugin, with, options_.deadline);
  };
  try {
    if (record.refusal.empty()) record.gate = inspect_library(plugin.copy);
    for (const std::string& library : plugin.opens)
      record.gate.flags.push_back("opens " + library + " itself");
    if (options_.gate && !plugin.baseline && !record.gate.refusals.empty())
      record.refusal = "gate: " + record.gate.refusals[0];
    if (record.refusal.empty()) start();
  } catch (const RunnerFailure& e) {
    record.refusal = e.failure() + ": " + e.text();
  } catch (const core::Error& e) { record.refusal = "load: " + e.text(); }
  if (!record.refusal.empty()) return record;
  record.layers = runner->layers();
  const auto offered =
      std::find_if(runner->offered().begin(), runner->offered().end(),
                   [&](const Offered& o) { return o.task == task_name && o.id == implementation; });
  if (offered == runner->offered().end()) {
    record.refusal = "load: the plugin holds no " + implementation + " of " + task_name;
    return record;
  }
  record.version = offered->version;

  Draws draws(seed());
  record.seeds = {draws.seed()};
  record.seed_given = options_.seed != 0;
  std::vector<JudgedCase> list =
      judged_cases(registry_, task, std::ref(draws), options_.runner.device.type != FK_CPU);
  if (const auto more = options_.captured.by_task.find(task_name);
      more != options_.captured.by_task.end())
    for (const cases::Case& c : more->second) {
      list.push_back({c, false, task.step.empty(), true});
      list.back().given.seed = draws();
    }
  keep_asked_for(list, task_name, options_.only, [](const JudgedCase& c) { return c.given.name; });
  int failures = 0;
  double weight = 0, covered = 0;
  for (size_t i = 0; i < list.size(); ++i) {
    const JudgedCase& c = list[i];
    CaseResult r;
    r.name = c.given.name;
    r.hidden = c.hidden;
    if (const std::string why = c.captured ? too_large(oracle_.catalog(), task, c.given) : "";
        !why.empty()) {
      r.code = "unsupported";
      r.text = "too large to be judged: " + why;
    } else if (failures >= kMostFailures) {
      r.code = "not_run";
      r.text = "too many Runners were lost before";
    } else {
      try {
        if (!runner) start();
        r = run_trial(oracle_, registry_, task, implementation, c, *runner, options_.deadline,
                      record.judge_seconds);
      } catch (const RunnerFailure& e) {
        r.code = e.failure();
        r.text = c.hidden ? "on a shape that stands nowhere" : e.text();
      } catch (const core::Error& e) {
        r.code = "error";
        r.text = "the Judge's own: " + e.text();
      } catch (const nlohmann::json::exception&) {
        r.code = "protocol";
        r.text = "an answer that is not of the form agreed on";
      }
      if (runner && runner->pid() < 0) runner.reset(), ++failures;
    }
    if (r.failed() && !c.hidden)
      r.reproduce = reproduce_command(task_name, implementation, c.given.name, draws.seed(),
                                      options_.runner.device) +
                    (c.captured ? " --cases " + options_.captured.from : "");
    // Coverage is of the task file: what a model called has another weight.
    if (c.given.own && !c.captured)
      weight += c.given.weight, covered += r.passed() ? c.given.weight : 0;
    record.cases.push_back(r);
    if (on_case) on_case(record.cases.back(), i + 1, list.size());
  }
  record.coverage = weight > 0 ? covered / weight : 0;
  record.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return record;
}

std::string reproduce_command(const std::string& task, const std::string& implementation,
                              const std::string& case_name, uint64_t seed, fk_device device) {
  return fmt::format("fk check {} --impl {} --case {} --seed {}{}", task, implementation, case_name,
                     seed, device.type == FK_CPU ? "" : " --device " + core::device_text(device));
}

}  // namespace fk::judge
