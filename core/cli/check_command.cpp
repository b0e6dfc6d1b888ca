// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "core/base/error.hpp"
#include "core/cli/captured_flags.hpp"
#include "core/cli/cli.hpp"
#include "core/cli/judge_flags.hpp"
#include "core/cli/printing.hpp"
#include "core/cli/store_flags.hpp"
#include "core/record/record.hpp"

namespace fk::core {
namespace {

using judge::CaseResult;
using judge::CheckRecord;

std::string indented(std::string text) {
  for (size_t at = 0; (at = text.find('\n', at)) != text.npos; at += 7) text.insert(at + 1, 6, ' ');
  return text;
}

void print_case(const CaseResult& r) {
  fmt::print("  {:<16} {:<44} {:>8.1f} ms\n", r.code, r.name, r.seconds * 1e3);
  if (r.passed() || (!r.failed() && !r.text.starts_with("too large"))) return;
  fmt::print("      {}\n", indented(r.text));
  if (!r.tensor.empty() && !r.hidden)
    fmt::print(
        "      first bad index {} of {}: expected {}, actual {}, error {:.4g}, bound {:.4g}\n",
        r.index, r.tensor, r.expected, r.found, r.error, r.bound);
  if (!r.reproduce.empty()) fmt::print("      again: {}\n", r.reproduce);
}

std::string id_text(const std::string& id) {
  return id.empty() ? "" : ", id " + store::short_id(id);
}

void print_record(const CheckRecord& r, const std::string& id) {
  for (const std::string& f : r.gate.flags) fmt::print("  flag: {}\n", f);
  for (const std::string& f : r.gate.refusals) fmt::print("  gate: {}\n", f);
  std::string off;
  size_t on = 0;
  for (const auto& l : r.layers) {
    on += l.on;
    if (!l.on) off += fmt::format("{}{} ({})", off.empty() ? "; off: " : ", ", l.name, l.why);
  }
  if (!r.layers.empty()) fmt::print("  sandbox: {} of {} layers on{}\n", on, r.layers.size(), off);
  if (!r.refusal.empty()) {
    fmt::print("  REFUSED: {}{}\n\n", indented(r.refusal), id_text(id));
    return;
  }
  const size_t pass = r.count("pass"), skipped = r.count("unsupported");
  fmt::print("  {}: {} of {} cases pass{}, coverage {:.0f} %, {:.2f} s{}\n\n",
             r.passed()                         ? "PASS"
             : pass + skipped == r.cases.size() ? "NOTHING TO JUDGE"
                                                : "FAIL",
             pass, r.cases.size(), skipped ? fmt::format(", {} unsupported", skipped) : "",
             100 * r.coverage, r.seconds, id_text(id));
}

// Unsupported in all cases is no verdict: a kernel for another device.
enum class Verdict { kPass, kFail, kNothing };
Verdict verdict(const CheckRecord& r) {
  if (r.passed()) return Verdict::kPass;
  return r.refusal.empty() && r.count("unsupported") == r.cases.size() ? Verdict::kNothing
                                                                       : Verdict::kFail;
}

}  // namespace

int check_command(const Words& words) {
  CLI::App app{
      "Judges implementations of a task: every case of the task file, inputs that are hard, shapes "
      "that stand nowhere, each computed in a process of its own that cannot write its inputs, and "
      "compared here with the float64 reference.\n"
      "exit codes: 0 all pass, 1 one failed, 2 bad usage, 3 nothing to judge",
      "fk check"};
  JudgeFlags flags;
  std::string task, name;
  bool all = false, quiet = false;
  app.add_option("task", task, "the task")->type_name("TASK");
  app.add_option("--impl", name,
                 "only this implementation: plugin or plugin/name, with @hash a version of it");
  app.add_flag("--all", all, "every task of the registry");
  app.add_flag("--quiet", quiet, "failures and totals only");
  flags.add_to(app);
  RecordFlags store;
  store.add_to(app);
  if (!parse_flags(app, words)) return 0;
  if (task.empty() == !all)
    bad_input("say which task to judge, or --all; `fk list` names them, e.g. fk check rms_norm");
  record::Recorder recorder = store.recorder();
  Court court(flags);
  std::vector<std::string> tasks = {task};
  if (!flags.cases.empty() && !all) captured_of(court.captured, court.registry.task(task));
  if (all) {
    tasks.clear();
    for (const auto& [known, spec] : court.registry.tasks()) tasks.push_back(known);
  }
  size_t judged = 0, failed = 0;
  for (const std::string& t : tasks) {
    std::vector<Subject> list;
    try {
      list = subjects(court, t, name);
    } catch (const Error&) {
      if (!all) throw;
      continue;
    }
    for (const Subject& s : list) {
      if (!flags.json) fmt::print("{} {}\n", t, s.implementation);
      const auto on_case = [&](const CaseResult& r, size_t done, size_t count) {
        if (isatty(2) && flags.json) fmt::print(stderr, "\r{} {}/{} ", t, done, count);
        if (!flags.json && (!quiet || r.failed())) print_case(r);
        std::fflush(stdout);
      };
      const CheckRecord result = court.judge.check(*s.plugin, t, s.implementation, on_case);
      std::string id;
      if (recorder.on())
        id = recorder.add(record::verdict(court.machine(), court.registry, court.registry.task(t),
                                          *s.plugin, result, s.context(court)));
      if (flags.json) {
        Json j = result.to_json();
        if (!id.empty()) j["id"] = id;
        fmt::print("{}\n", json_line(j));
      } else {
        print_record(result, id);
      }
      std::fflush(stdout);
      judged += verdict(result) != Verdict::kNothing;
      failed += verdict(result) == Verdict::kFail;
    }
  }
  if (judged == 0) return int(Code::kMissing);
  return failed ? int(Code::kCheckFailed) : 0;
}

}  // namespace fk::core
