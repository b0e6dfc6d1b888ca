// SPDX-License-Identifier: Apache-2.0
// `fk bench TASK --profile ncu`: no profiler gets into a sandbox, so that what was judged runs once
// more outside of it.
#include "core/cli/bench_task_profile.hpp"

#include <cctype>
#include <filesystem>
#include <fstream>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/cli/model_flags.hpp"
#include "core/cli/nvtx_range.hpp"
#include "core/cli/profiler.hpp"
#include "core/cli/prompts.hpp"
#include "core/judge/cases/placed_call.hpp"
#include "core/judge/cases/random_weights.hpp"
#include "core/resolve/selector.hpp"

namespace fk::core {
namespace {

constexpr int kWarmUp = 3;

std::string without_profile(const std::string& task) {
  return fmt::format("`fk bench {}` without --profile", task);
}

std::string file_name(std::string text) {
  for (char& c : text)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '-') c = '_';
  return text;
}

// A measurement holds outputs against the other side's; a verdict has the gate and the addresses,
// too, and there is no sandbox round what comes next.
void need_verdict(judge::Judge& judge, const Subject& s, const std::string& case_name) {
  const judge::CheckRecord r = judge.check(*s.plugin, s.task, s.implementation);
  if (r.passed()) return;
  std::string why = r.refusal;
  for (const judge::CaseResult& c : r.cases)
    if (why.empty() && !c.passed()) why = c.code + (c.text.empty() ? "" : ": " + c.text);
  throw Error(Code::kCheckFailed,
              fmt::format("--profile ncu: {} is not run outside of the sandbox: the Judge does not "
                          "find it right on {}: {}; `fk check {} --impl {} --case {}` shows it",
                          s.implementation, case_name, why, s.task, s.implementation, case_name));
}

// The words of run_case_once().
Words once(const JudgeFlags& flags, const Subject& s, const std::string& case_name, uint64_t seed) {
  Words out = {this_program(),
               "bench",
               s.task,
               "--run-once",
               s.implementation + "@" + s.plugin->hash,
               "--case",
               case_name,
               "--seed",
               std::to_string(seed),
               "--device",
               flags.device};
  if (!flags.cases.empty()) out.insert(out.end(), {"--cases", flags.cases});
  for (const std::string& folder : flags.candidates)
    out.insert(out.end(), {"--candidates", folder});
  return out;
}

ProfiledSide profile_side(const JudgeFlags& flags, const Subject& s, const cases::Case& c,
                          uint64_t seed, const std::string& out) {
  const std::string log = out + ".csv", report = out + ".ncu-rep";
  if (!std::ofstream(log, std::ios::app)) bad_input("--profile-out {}: cannot be written", log);
  std::filesystem::remove(report);
  Words command = ncu_command({out, {"SpeedOfLight", "LaunchStats", "Occupancy"}, "", true});
  const Words words = once(flags, s, c.name, seed);
  command.insert(command.end(), words.begin(), words.end());
  const int code =
      run_ncu(command, log, true, "use " + without_profile(s.task) + ", which needs no counters");
  if (code)
    throw Error(Code::kCheckFailed,
                fmt::format("--profile ncu: {} on {}: ncu ended with {}; what it said stands above "
                            "and in {}",
                            s.implementation, c.name, code, log));
  ProfiledSide side{
      s.implementation, s.plugin->hash, ncu_launches(read_input(log)), {log}, command};
  if (std::filesystem::exists(report)) side.files.push_back(report);
  return side;
}

std::string kernels_of(const ProfiledSide& side) {
  const size_t n = side.launches.size();
  if (n == 0) return "no kernel; copies and fills are none";
  return fmt::format("{} kernel{}, {:.2f} us", n, n == 1 ? "" : "s", sum_ns(side.launches) * 1e-3);
}

const judge::PluginFile& plugin_of_hash(Court& court, const Selector& s, const std::string& which) {
  for (const judge::PluginFile& p : court.plugins)
    if (p.name == s.plugin && p.hash == s.hash && p.refusal.empty()) return p;
  for (judge::PluginFile& p : judge::cached_plugins(s.plugin, s.hash))
    if (p.hash == s.hash && p.refusal.empty()) return court.plugins.emplace_back(std::move(p));
  bad_input(
      "--run-once {}: no plugin {} of this very hash is there; `fk bench TASK --profile ncu` "
      "writes this flag",
      which, s.plugin);
}

}  // namespace

void ProfileFlags::add_to(CLI::App& app) {
  app.add_option(
         "--profile", tool,
         "ncu: then run both sides of every case under Nsight Compute, too, and print their "
         "kernels; needs --device cuda:N")
      ->type_name("TOOL");
  app.add_option("--profile-out", out,
                 "where the profiler writes: the beginning of a path, to which the case and the "
                 "side are added; default: fk_profile_TASK")
      ->type_name("PATH");
  app.add_option("--run-once", run_once)->group("");  // for ncu_command() alone
}

void ProfileFlags::check(const std::string& task, const std::string& device) const {
  if (tool.empty()) return;
  if (tool == "nsys")
    bad_input(
        "--profile nsys: a task takes ncu, which looks at single kernels; nsys is for whole "
        "models: fk bench model --profile nsys");
  if (tool != "ncu")
    bad_input("--profile {}: expected ncu{}", tool, did_you_mean(tool, Words{"ncu"}));
  if (parse_device(device).type == FK_CPU)
    bad_input(
        "--profile ncu: it sees the kernels of a CUDA device, and --device is {}; give the "
        "card, --device cuda:0",
        device);
  const auto folder = std::filesystem::path(out).parent_path();
  if (!folder.empty() && !std::filesystem::is_directory(folder))
    bad_input("--profile-out {}: there is no folder {}", out, folder.string());
  need_profiler(tool, without_profile(task) + " needs no profiler");
}

Json ProfiledSide::to_json() const {
  return {{"implementation", implementation},
          {"hash", hash},
          {"kernel_us", sum_ns(launches) * 1e-3},
          {"kernels", launches_json(launches)},
          {"files", files},
          {"command", command}};
}

Json ProfiledCase::to_json() const {
  return {
      {"profiler", "ncu"}, {"candidate", candidate.to_json()}, {"baseline", baseline.to_json()}};
}

std::string ProfiledCase::text() const {
  const std::string indent(8, ' ');
  std::string out, written;
  for (const ProfiledSide* side : {&candidate, &baseline}) {
    out += fmt::format("{}under ncu {}: {}\n", indent, side->implementation, kernels_of(*side)) +
           launches_text(side->launches, indent + "  ");
    for (const std::string& file : side->files) written += (written.empty() ? "" : ", ") + file;
  }
  return out +
         fmt::format("{}kernels alone, each from flushed caches: {:.2f} us against {:.2f} us\n",
                     indent, sum_ns(candidate.launches) * 1e-3, sum_ns(baseline.launches) * 1e-3) +
         fmt::format("{}written: {}\n", indent, written);
}

ProfiledCase profile_case(Court& court, const JudgeFlags& flags, const ProfileFlags& profile,
                          const Subject& candidate, const Subject& baseline, const cases::Case& c,
                          uint64_t seed) {
  judge::JudgeOptions options = court.judge.options();
  // Checked in the size that the reference answers at once; the measurement held the others.
  options.only = c.family;
  judge::Judge judge(court.registry, options);
  need_verdict(judge, candidate, c.family);
  need_verdict(judge, baseline, c.family);
  const std::string out = (profile.out.empty() ? "fk_profile_" + candidate.task : profile.out) +
                          "_" + file_name(c.name) + "_";
  ProfiledCase both{profile_side(flags, candidate, c, seed, out + "candidate"),
                    profile_side(flags, baseline, c, seed, out + "baseline")};
  if (both.candidate.launches.empty() && both.baseline.launches.empty())
    throw Error(Code::kCheckFailed,
                fmt::format("--profile ncu: ncu saw no kernel of either side on {}; what it said "
                            "stands in {} and {}",
                            c.name, both.candidate.files[0], both.baseline.files[0]));
  return both;
}

void run_case_once(Court& court, const std::string& task_name, const std::string& which,
                   cases::Case c) {
  const Selector s = Selector::parse(which);
  const judge::PluginFile& plugin = plugin_of_hash(court, s, which);
  const TaskSpec& task = court.registry.task(task_name);
  const judge::RunnerOptions& runner = court.judge.options().runner;
  // The files that the Judge's Runner opened for the verdict, and no others.
  Catalog catalog(court.registry);
  for (const judge::PluginFile& p : court.judge.companions(plugin, task.level))
    if (p.refusal.empty()) catalog.add_copy(p.copy, Implementation::Kind::kBaseline);
  if (!runner.order.empty()) catalog.use_order(BaselineOrder::read(runner.order));
  catalog.add_copy(plugin.copy, plugin.baseline ? Implementation::Kind::kBaseline
                                                : Implementation::Kind::kCandidate);
  if (court.judge.options().seed) c.seed = court.judge.options().seed;
  Policy policy;
  policy.pins.push_back(Pin::parse(task.name + "=" + s.plugin + "/" + s.name));
  LayerOptions layers;
  layers.nvtx = runner.device.type != FK_CPU;  // whose kernel is whose, of a composite
  const auto model = build_case(catalog, task, c, c.dtype, policy,
                                std::make_shared<cases::RandomWeights>(c.seed + 6, c.dtype),
                                runner.device, false, layers);
  const cases::Problem problem = cases::Problem::make(court.registry, task, c);
  const cases::Call& call = problem.calls.at(0);  // what a measurement times
  for (int i = 0; i <= kWarmUp; ++i) {
    cases::PlacedCall placed(*model, call, c.dtype);
    model->on_step(placed.step());
    model->device()->synchronize();
    std::optional<NvtxRange> range;
    if (i == kWarmUp) range.emplace(kMeasureRange);
    model->forward(placed.step(), placed.args());
    model->device()->synchronize();
  }
}

}  // namespace fk::core
