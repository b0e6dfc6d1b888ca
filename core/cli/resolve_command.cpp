// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include "core/base/error.hpp"
#include "core/cli/best.hpp"
#include "core/cli/printing.hpp"
#include "core/cli/store_flags.hpp"

namespace fk::core {
namespace {

int64_t parse_bytes(const std::string& text) {
  size_t used = 0;
  double n = 0;
  try {
    n = std::stod(text, &used);
  } catch (const std::exception&) {}
  const std::string unit = text.substr(used);
  const double scale = unit.empty() || unit == "B"    ? 1
                       : unit == "K" || unit == "KiB" ? 0x1p10
                       : unit == "M" || unit == "MiB" ? 0x1p20
                       : unit == "G" || unit == "GiB" ? 0x1p30
                                                      : 0;
  if (used == 0 || scale == 0 || !(n >= 0) || n * scale > 0x1p60)
    bad_input("--memory-budget {}: expected bytes, e.g. 500000000, 512MiB or 2GiB", text);
  return int64_t(n * scale);
}

}  // namespace

int resolve_command(const Words& words) {
  CLI::App app{
      "Finds the implementations that make a model fastest: judges and measures what the results "
      "store lacks of every task of its tree, takes the optimum (a fused implementation against "
      "the best composition of its parts), proves it in the whole model, and writes a lock file "
      "that `fk run --plan` replays.\n"
      "exit codes: 0 resolved, 2 bad usage or input, 3 missing dependency or device",
      "fk resolve"};
  ModelFlags flags;
  flags.policy = "best";
  BestFlags best;
  best.case_budget = 2;
  std::string workload, budget, out = "plan.lock.yaml";
  RecordFlags store;
  bool json = false;
  flags.add_to(app);
  app.add_option("--workload", workload,
                 "BATCHxPROMPT/NEW: requests at once, prompt and new tokens of each; default "
                 "1x64/16, an encoder's 16x64/0, within its context")
      ->type_name("W");
  add_cases_flag(app, flags);
  app.add_option("--memory-budget", budget, "bytes that implementations may keep beside weights")
      ->type_name("BYTES");
  app.add_option("--budget", best.case_budget, "seconds of measuring a case, at most")
      ->check(CLI::PositiveNumber);
  app.add_option("--largest-case", best.largest_case,
                 "calls of more operations are not measured alone: candidates for them are tried "
                 "in the whole model; default 30e9")
      ->type_name("OPERATIONS")
      ->check(CLI::PositiveNumber);
  app.add_option("--proof-budget", best.options.proof_budget,
                 "seconds of comparing whole models, at most")
      ->check(CLI::PositiveNumber);
  app.add_option("--out", out, "the lock file")->type_name("FILE")->capture_default_str();
  store.add_to(app);
  app.add_flag("--json", json, "as JSON");
  if (!parse_flags(app, words)) return 0;
  if (flags.policy != "best") bad_input("--policy {}: `fk resolve` finds the policy", flags.policy);
  if (!flags.plan.empty()) bad_input("--plan: `fk resolve` writes one, see --out");
  flags.resolved_later = true;
  Session session(flags, false);
  best.options.workload =
      workload.empty() ? default_workload(session) : resolver::Workload::parse(workload);
  best.options.cases = flags.cases;
  if (!budget.empty()) best.options.memory_budget = parse_bytes(budget);
  record::Recorder recorder = store.recorder();
  best.recorder = &recorder;
  Measuring by(session, flags, best);
  const resolver::Resolution r = resolve(session, by, best);
  std::ofstream file(out);
  file << r.plan.to_yaml();
  if (!file.flush()) missing("--out {}: cannot be written", out);
  Json j = r.to_json();
  j["config"] = flags.config;
  j["workload"] = best.options.workload.text();
  if (!flags.cases.empty()) j["cases"] = flags.cases;
  j["out"] = out;
  recorder.conclude(
      j, {{"plan.lock.yaml", r.plan.to_yaml()}, {"resolution.json", json_line(j) + "\n"}});
  if (json) {
    fmt::print("{}\n", json_line(j));
    return 0;
  }
  fmt::print("{}\n", plan_text(r.plan));
  for (const std::string& line : finding_lines(r)) fmt::print("{}\n", line);
  for (const std::string& note : r.notes) fmt::print("note: {}\n", note);
  if (r.gain)
    fmt::print("{}\n", gain_text(r));
  else
    fmt::print("the baselines are the best that there is\n");
  if (r.agreement) fmt::print("logits: {}\n", r.agreement->text());
  fmt::print(
      "{} sub-problems, {} dry builds; {} judged, {} measured, {} known from the store; searched "
      "in {:.3f} s{}; {:.1f} s in all\n{}: fk run --config {} --plan {}\n",
      r.subs, r.builds, r.judged, r.measured, r.known, r.search_seconds,
      r.exact ? "" : " (within its budget of work, not exact)", r.seconds, out, flags.config, out);
  return 0;
}

}  // namespace fk::core
