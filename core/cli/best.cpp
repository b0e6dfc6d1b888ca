// SPDX-License-Identifier: Apache-2.0
#include "core/cli/best.hpp"

#include <algorithm>
#include <thread>

#include "core/base/error.hpp"
#include "core/cli/candidate_sources.hpp"
#include "core/cli/progress.hpp"
#include "core/plugin/cache.hpp"
#include "core/resolver/admission.hpp"
#include "core/runtime/device_weights.hpp"

namespace fk::core {
namespace {

using resolver::Finding;
using resolver::Resolution;

std::string phases_text(const resolver::Gain& g) {
  const auto text = [](const char* phase, const judge::Interval& i) {
    return fmt::format("{} {:.3f}x [{:.3f}, {:.3f}]", phase, i.middle, i.low, i.high);
  };
  return text("prefill", g.prefill) + (g.has_decode ? ", " + text("decode", g.decode) : "");
}

}  // namespace

bool wants_best(const ModelFlags& f) {
  if (!f.plan.empty()) return false;
  if (f.policy != "auto") return f.policy == "best";
  std::error_code ignored;
  return std::filesystem::exists(store::default_path(), ignored);
}

void add_cases_flag(CLI::App& app, ModelFlags& f) {
  app.add_option(
         "--cases", f.cases,
         "measure parts on what a run called, as DIR/capture.json of `fk run --capture DIR` "
         "has it, by shares of its time; default: on a round of the workload")
      ->type_name("DIR");
}

resolver::Workload default_workload(const Session& s) {
  resolver::Workload w;
  const int64_t context = s.assets.config.options.max_model_len;
  if (s.assets.config.engine == Config::Engine::kEncoder) w = {16, 64, 0};
  if (context > 0 && w.prompt + w.tokens >= context) {
    w.tokens = std::min(w.tokens, context / 4);
    w.prompt = std::max<int64_t>(1, std::min(w.prompt, context / 2));
  }
  return w;
}

namespace {

JudgeFlags judge_flags(const Session& s, const ModelFlags& f) {
  const int cores = int(std::max(1u, std::thread::hardware_concurrency()));
  JudgeFlags out;
  out.candidates = f.candidates;
  out.threads = s.build.threads ? s.build.threads : cores;
  out.device = device_text(s.build.device);
  return out;
}

resolver::Measurer::Court measuring_court(Court& court, const BestFlags& best) {
  judge::BenchOptions bench;
  bench.budget = best.case_budget;
  bench.blocks = bench.most_blocks = 3;
  bench.block_half_width = bench.half_width;
  bench.clear = 1.2, bench.slower = 1.1;
  bench.least_rounds = 12;  // a busy machine has few in its budget
  bench.audit_all = false;
  // The caches are emptied before every call on a card: more places are only more to verify.
  if (court.on_a_card()) bench.bytes = size_t{16} << 20;
  best.recorder->store();  // what cannot be opened is said now
  return {court.judge, court.plugins, court.machine(), *best.recorder, bench, 0, best.largest_case};
}

}  // namespace

Measuring::Measuring(const Session& s, const ModelFlags& f, const BestFlags& best)
    : court(judge_flags(s, f)), measurer(measuring_court(court, best)) {
  for (const judge::PluginFile& p : court.plugins)
    if (!p.baseline && !p.refusal.empty()) say_left_out(p.file(), p.refusal);
}

resolver::Subject subject_of(const Session& s, std::shared_ptr<WeightStore> weights) {
  resolver::Subject subject{s.workspace.catalog(), s.assets, s.build, s.engine_options, weights};
  if (s.build.device.type != FK_CPU)
    subject.build.device_weights =
        std::make_shared<DeviceWeights>(std::move(weights), Device::open(s.build.device));
  return subject;
}

Resolution resolve(Session& s, Measuring& by, BestFlags best) {
  resolver::Measurer& measurer = by.measurer;
  const record::Machine& machine = measurer.machine();
  StatusLine status;
  const auto progress = [&](const std::string& text) { status(text); };
  std::vector<resolver::Refused> refused;
  if (s.build.policy.pins.empty())
    refused = resolver::admit(measurer, s.workspace.registry(), s.workspace.catalog(), progress);
  const auto dry = s.dry_model();
  const resolver::Subject subject = subject_of(s, s.weights(dry->plan()));
  best.options.cache = cache_folder() / "resolver";
  Resolution out = resolver::Resolver(subject, measurer, best.options, progress).resolve();
  for (const resolver::Refused& x : refused)
    out.findings.push_back({x.task, "", x.implementation, false, "", x.reason, "", {}});
  out.plan.made = {{"config", s.assets.config.file},   {"model", s.assets.config.model},
                   {"weights", s.assets.weights_text}, {"workload", best.options.workload.text()},
                   {"device", machine.device},         {"driver", machine.driver},
                   {"harness", machine.harness}};
  if (!best.options.cases.empty()) out.plan.made["cases"] = best.options.cases.string();
  if (out.gain) out.plan.made["speedup"] = out.gain->whole.middle;
  if (!out.proof_id.empty()) out.plan.made["record"] = out.proof_id;
  s.build.policy = out.policy;
  return out;
}

std::string gain_text(const Resolution& r) {
  if (!r.gain) return "";
  return fmt::format(
      "the model {:+.1f} % [{:+.1f}, {:+.1f}] ({}); its parts promise {:+.1f} %{}",
      100 * (r.gain->whole.middle - 1), 100 * (r.gain->whole.low - 1),
      100 * (r.gain->whole.high - 1), phases_text(*r.gain), 100 * (r.predicted_whole - 1),
      r.proof_id.empty() ? ""
                         : fmt::format(" ({}{})", r.proven_before ? "measured before, " : "",
                                       r.proof_id.substr(0, 8)));
}

std::vector<std::string> finding_lines(const Resolution& r) {
  std::vector<std::string> out;
  for (const Finding& f : r.findings) {
    const std::string what = f.kept_out.empty() ? f.reason : f.kept_out;
    std::string line = fmt::format("{} {} {}{}: {}", f.task, f.implementation,
                                   f.chosen ? "adopted" : "not adopted",
                                   f.phase.empty() ? "" : " for " + f.phase, what);
    const bool several = std::count_if(r.findings.begin(), r.findings.end(), [&](const Finding& x) {
                           return x.task == f.task && x.implementation == f.implementation;
                         }) > 1;
    if (several && !f.path.empty()) line += fmt::format("; at {} and its like", f.path);
    if (std::find(out.begin(), out.end(), line) == out.end()) out.push_back(std::move(line));
  }
  return out;
}

void choose_best(Session& s, const ModelFlags& f) {
  const bool asked = f.policy == "best";
  s.build.policy.kind = Policy::Kind::kBest;
  for (const Pin& pin : s.build.policy.pins)
    if (asked) fmt::print(stderr, "best: pinned and not judged: {}\n", pin.text);
  if (!s.workspace.has_candidates()) return;  // nothing competes with the baselines
  try {
    BestFlags best;
    best.options.candidates_only = true;
    best.options.proof_budget = 3;
    best.options.workload = default_workload(s);
    best.options.cases = f.cases;
    record::Recorder recorder(true, "", {"fk run", "fk run --policy best", {}});
    best.recorder = &recorder;
    Measuring by(s, f, best);
    const Resolution r = resolve(s, by, best);
    for (const std::string& line : finding_lines(r)) fmt::print(stderr, "best: {}\n", line);
    for (const std::string& note : r.notes) fmt::print(stderr, "best: {}\n", note);
    if (r.gain) fmt::print(stderr, "best: adopted, {}\n", gain_text(r));
    if (r.judged || r.measured)
      fmt::print(stderr, "best: {} judged, {} measured, {} known, {:.1f} s\n", r.judged, r.measured,
                 r.known, r.seconds);
  } catch (const Error& e) {
    if (asked && e.code() == Code::kBadInput) throw;
    fmt::print(stderr, "best: the baselines, because: {}\n", e.text());
    s.build.policy.resolved = nullptr;
  }
}

}  // namespace fk::core
