// SPDX-License-Identifier: Apache-2.0
#include "core/judge/trial.hpp"

#include <cstring>

#include "core/judge/call_memory.hpp"
#include "core/judge/cases/compare.hpp"

namespace fk::judge {
namespace {

using cases::Outcome;
using cases::Problem;

class Trial {
 public:
  Trial(const Oracle& oracle, const core::Registry& registry, const core::TaskSpec& task,
        const std::string& implementation, const JudgedCase& c, RunnerProcess& runner,
        double deadline)
      : oracle_(oracle),
        registry_(registry),
        task_(task),
        implementation_(implementation),
        case_(c),
        runner_(runner),
        deadline_(deadline) {
    result_.name = c.given.name;
    result_.hidden = c.hidden;
    result_.code = "pass";
  }

  CaseResult run(double& judging) {
    const auto begin = Clock::now();
    check();
    result_.seconds = seconds_since(begin);
    judging += result_.seconds - waiting_;
    if (case_.hidden && result_.failed())
      result_.text = "on a shape that stands nowhere (" + result_.code + ")";
    return std::move(result_);
  }

 private:
  void check() {
    cases::Case c = case_.given;
    Oracle::Prepared prepared = oracle_.prepare(task_, c);
    c.two_steps = prepared.owns_state();
    const WeightMemory weights(prepared.weights());
    const StateMemory states(prepared.states(), runner_.device());
    if (!ask(build_message(task_, c, implementation_, weights, states),
             {weights.descriptor(), states.descriptor()}, true))
      return;
    const Problem problem = Problem::make(registry_, task_, c);
    const Outcome golden = prepared.golden(problem), baseline = prepared.baseline(problem);
    CallMemory memory(problem, 2, runner_.device());
    memory.write(0, problem);
    memory.write(1, problem);
    if (!ask(memory.message(), memory.descriptors())) return;
    if (!run_slot(problem, 0)) return;
    Outcome first = memory.read(0);
    states.read(first);
    if (!compare(golden, baseline, first)) return;
    // Other cases begin with sequences that have no past, these do not: a recurrent state of the
    // first time would be theirs.
    if (case_.captured) states.clear();
    if (!run_slot(problem, 1)) return;
    Outcome second = memory.read(1);
    states.read(second);  // the same again over what was there
    // Other addresses, other bytes around: the bits are to be the same.
    if (task_.check.value("deterministic", false) && !same_bits(first, second)) return;
    if (!compare(golden, baseline, second)) return;
    if (runner_.device().type != FK_CPU)
      captured(prepared, problem, memory, states);
    else if (case_.again)
      again(prepared, memory, "run");
  }

  // Once more from a graph, so that no host code of the plugin runs between the Judge's writing and
  // reading: with other numbers in the same places, poisoned outputs and, where the step allows it,
  // another seed. What cannot be captured is asked again as on the CPU, and says so.
  void captured(Oracle::Prepared& prepared, const Problem& problem, CallMemory& memory,
                const StateMemory& states) {
    memory.write(0, problem);
    for (size_t call = 0; call < problem.calls.size(); ++call) {
      const auto begin = Clock::now();
      const Json got = runner_.request({{"op", "capture"}, {"call", call}, {"slot", 0}}, deadline_);
      waiting_ += seconds_since(begin);
      if (!got.contains("ok")) return failed_with(got);
      if (got.value("host_nodes", 0) > 0) {
        result_.code = "host_work";
        result_.text = "the captured call has host functions in it: work that the device waits for";
        return;
      }
      if (!got.value("captured", false)) {
        const Json why = got.value("why", Json());
        result_.track = "eager: " + (why.is_string() ? why.get<std::string>() : "no reason given");
        if (case_.again) again(prepared, memory, "run");
        return;
      }
    }
    result_.track = "graph";
    if (task_.step.empty()) return again(prepared, memory, "replay");
    memory.write(0, problem);
    if (case_.captured) states.clear();
    if (!run_slot(problem, 0, "replay")) return;
    Outcome found = memory.read(0);
    states.read(found);
    compare(prepared.golden(problem), prepared.baseline(problem), found);
  }

  // Other numbers at the first addresses, which an answer kept from before does not fit.
  void again(Oracle::Prepared& prepared, CallMemory& memory, const char* op) {
    cases::Case c = case_.given;
    c.seed ^= 0x5bd1e995;
    const Problem problem = Problem::make(registry_, task_, c);
    memory.write(0, problem);
    if (!run_slot(problem, 0, op)) return;
    compare(prepared.golden(problem), prepared.baseline(problem), memory.read(0));
  }

  bool ask(Json message, const std::vector<int>& descriptors, bool may_decline = false) {
    const auto begin = Clock::now();
    const Json answer = runner_.request(std::move(message), deadline_, descriptors);
    waiting_ += seconds_since(begin);
    if (answer.contains("ok")) return true;
    failed_with(answer, may_decline);
    return false;
  }

  void failed_with(const Json& answer, bool may_decline = false) {
    const bool declined = answer.contains("unsupported");
    result_.code = declined && may_decline ? "unsupported" : "error";
    const Json text = answer.value(declined ? "unsupported" : "error", Json());
    result_.text = text.is_string() ? text.get<std::string>() : "no reason given";
  }

  // `op`: "run", or "replay" of what was captured.
  bool run_slot(const Problem& p, size_t slot, const std::string& op = "run") {
    for (size_t call = 0; call < p.calls.size(); ++call)
      if (!ask({{"op", op}, {"call", call}, {"slots", {slot}}, {"slot", slot}}, {})) return false;
    return true;
  }

  bool compare(const Outcome& golden, const Outcome& baseline, const Outcome& found) {
    if (!found.overwritten.empty()) {
      result_.code = "overwrote";
      result_.text = found.overwritten[0] +
                     ": bytes changed that are no output: around a tensor, or of an input";
      return false;
    }
    for (const auto& [name, values] : found.tensors) {
      const auto wrong = cases::compare(task_, case_.given.dtype, golden.tensors.at(name),
                                        baseline.tensors.at(name), values);
      if (!wrong) continue;
      result_.code = wrong->kind == cases::Mismatch::Kind::kNonfinite ? "nonfinite" : "wrong";
      result_.text = name + ": " + wrong->text();
      result_.tensor = name;
      result_.index = wrong->index;
      result_.expected = wrong->expected;
      result_.found = wrong->found;
      result_.error = wrong->error;
      result_.bound = wrong->bound;
      return false;
    }
    return true;
  }

  bool same_bits(const Outcome& a, const Outcome& b) {
    for (const auto& [name, values] : a.tensors) {
      const auto& other = b.tensors.at(name);
      for (size_t i = 0; i < values.size(); ++i)
        if (std::memcmp(&values[i], &other[i], sizeof values[i]) != 0) {
          result_.code = "nondeterministic";
          result_.text =
              fmt::format("{}: element {} is {} and, of the same inputs at other addresses, {}",
                          name, i, values[i], other[i]);
          return false;
        }
    }
    return true;
  }

  static double seconds_since(Clock::time_point t) {
    return std::chrono::duration<double>(Clock::now() - t).count();
  }

  const Oracle& oracle_;
  const core::Registry& registry_;
  const core::TaskSpec& task_;
  const std::string& implementation_;
  const JudgedCase& case_;
  RunnerProcess& runner_;
  double deadline_, waiting_ = 0;
  CaseResult result_;
};

}  // namespace

CaseResult run_trial(const Oracle& oracle, const core::Registry& registry,
                     const core::TaskSpec& task, const std::string& implementation,
                     const JudgedCase& c, RunnerProcess& runner, double deadline, double& judging) {
  return Trial(oracle, registry, task, implementation, c, runner, deadline).run(judging);
}

Json build_message(const core::TaskSpec& task, const cases::Case& c,
                   const std::string& implementation, const WeightMemory& weights,
                   const StateMemory& states) {
  const Problem p{&task, &c, c.init, Problem::sizes(task, c), {}};
  Json dims = Json::object();
  for (const auto& [name, size] : p.dims) dims[name] = size;
  return {{"op", "build"},
          {"task", task.name},
          {"implementation", implementation},
          {"init", p.init_for(c.dtype)},
          {"dtype", core::dtype_name(c.dtype)},
          {"dims", dims},
          {"bytes", weights.bytes()},
          {"params", weights.params()},
          {"state_bytes", states.bytes()},
          {"states", states.places()}};
}

}  // namespace fk::judge
