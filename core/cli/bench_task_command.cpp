// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/base/error.hpp"
#include "core/cli/bench_cases.hpp"
#include "core/cli/bench_task_profile.hpp"
#include "core/cli/captured_flags.hpp"
#include "core/cli/cli.hpp"
#include "core/cli/judge_flags.hpp"
#include "core/cli/printing.hpp"
#include "core/cli/store_flags.hpp"
#include "core/judge/timing/bench.hpp"
#include "core/plugin/baseline_order.hpp"
#include "core/plugin/content_hash.hpp"
#include "core/plugin/elf_file.hpp"
#include "core/record/record.hpp"

namespace fk::core {
namespace {

using judge::BenchResult;

std::string plugin_of(const std::string& id) { return id.substr(0, id.find('/')); }

// Linked with the CUDA runtime: for a card.
bool is_for_a_card(const judge::PluginFile& p) {
  const std::string bytes = read_file(p.so);
  const ElfFile elf =
      ElfFile::parse({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  return std::any_of(elf.needed.begin(), elf.needed.end(),
                     [](const std::string& n) { return n.starts_with("libcuda"); });
}

// The baseline that a model would get on the device: as order.yaml has it, then the project's own,
// other libraries, composed, and the reference last.
const Subject* best_baseline(const Court& court, const std::vector<Subject>& all) {
  const bool card = court.on_a_card();
  const char* own = card ? "cuda" : "cpu";
  BaselineOrder order;
  if (const auto file = court.paths.plugins / "order.yaml"; std::filesystem::exists(file))
    order = BaselineOrder::read(file);
  const auto rank = [&](const Subject& s) {
    const std::string plugin = plugin_of(s.implementation);
    if (const auto* first = order.find(s.task, Phase::kPrefill))
      for (size_t i = 0; i < first->size(); ++i)
        if ((*first)[i] == plugin || (*first)[i] == s.implementation) return int(i);
    return plugin == own ? 100 : plugin == "reference" ? 300 : plugin == "composed" ? 200 : 150;
  };
  const Subject* best = nullptr;
  for (const Subject& s : all)
    if (s.plugin->baseline && (!best || rank(s) < rank(*best)) &&
        (is_for_a_card(*s.plugin) == card || plugin_of(s.implementation) == "composed"))
      best = &s;
  return best;
}

void print_result(const BenchResult& r, const std::string& id) {
  const std::string shown = id.empty() ? "" : "  id " + store::short_id(id);
  if (r.rounds == 0 || r.code == "REFUSED") {
    fmt::print("  {:<12} {:<36} {}{}\n", r.code, r.name, r.text, shown);
    return;
  }
  fmt::print(
      "  {:<5} {:<36} {:.3f}x [{:.3f}, {:.3f}]  {:.2f} us against {:.2f} us  {} rounds, {} calls "
      "verified ({:.0f} % of the time){}\n",
      r.code, r.name, r.speedup.middle, r.speedup.low, r.speedup.high, r.candidate.p50 * 1e6,
      r.baseline.p50 * 1e6, r.rounds, r.verified, 100 * r.verify_seconds / r.seconds, shown);
  if (r.track.empty()) return;
  const auto fact = [&](const char* name) { return r.card.value(name, 0.0); };
  const double lead = fact("lead_seconds");
  fmt::print(
      "        {}; L2 {}{}; {} rounds below the clock left out; an empty pair of events reads "
      "{:.2f} "
      "us; copies run at {:.3g} TB/s\n",
      r.track, r.l2_state,
      lead > 0 ? fmt::format(" ({:.2f} us, taken off)", lead * 1e6) : std::string(), r.throttled,
      fact("event_pair_seconds") * 1e6, fact("copy_bytes_per_second") / 1e12);
}

// Of the calls of a model: fewer would leave out what a step is made of, more are not worth the
// time that they take.
constexpr double kMostOfTheTime = 0.95;

// The task file's cases, or those of a model that make up most of the time.
std::vector<cases::Case> chosen(const Court& court, const JudgeFlags& flags, const TaskSpec& task) {
  std::vector<cases::Case> list = flags.cases.empty()
                                      ? judge::bench_cases(task, court.on_a_card())
                                      : answerable(court.captured, task, court.judge.oracle());
  if (!flags.cases.empty() && flags.only.empty())
    list = judge::heaviest(std::move(list), kMostOfTheTime);
  judge::keep_asked_for(list, task.name, flags.only, [](const cases::Case& c) { return c.name; });
  return list;
}

// One report has room for one candidate.
void need_one(const std::vector<Subject>& measured, const std::string& tool) {
  if (measured.size() == 1) return;
  Words names;
  for (const Subject& s : measured) names.push_back(s.implementation);
  bad_input(
      "--profile {}: it takes one implementation beside the baseline, and there are {}{}{}; "
      "name one with --impl",
      tool, names.size(), names.empty() ? "" : ": ", fmt::join(names, ", "));
}

double seconds_of(const Court& court, const std::string& task) {
  double sum = 0;
  if (const auto at = court.captured.by_task.find(task); at != court.captured.by_task.end())
    for (const cases::Case& c : at->second) sum += c.weight;
  return sum;
}

}  // namespace

int bench_task_command(const Words& words) {
  CLI::App app{
      "Times implementations of a task against the best baseline: both on the same inputs, in "
      "turn, every output of every timed call verified. The ratio has a 95 % interval. FAST and "
      "SLOW: the interval lies more than 0.5 % from equality, with 99 % certainty; SAME: within "
      "2 % of it; AMBG: neither can be said. With --cases: the calls of a model that make up 95 % "
      "of the time it spent in the task, and what they say together.\n"
      "exit codes: 0 measured, 1 refused, 2 bad usage, 3 nothing to measure",
      "fk bench TASK"};
  JudgeFlags flags;
  judge::BenchOptions options;
  std::string task, name, against;
  app.add_option("task", task, "the task")->type_name("TASK")->required();
  app.add_option("--impl", name,
                 "only this implementation: plugin or plugin/name, with @hash a version of it");
  app.add_option("--against", against, "instead of the best baseline");
  app.add_option("--budget", options.budget, "seconds a case, at most");
  flags.add_to(app);
  ProfileFlags profile;
  profile.add_to(app);
  RecordFlags store;
  store.add_to(app);
  if (!parse_flags(app, words)) return 0;
  if (!profile.run_once.empty()) {
    Court court(flags);
    for (const cases::Case& c : chosen(court, flags, court.registry.task(task)))
      run_case_once(court, task, profile.run_once, c);
    return 0;
  }
  profile.check(task, flags.device);
  record::Recorder recorder = store.recorder();
  Court court(flags);
  const std::vector<Subject> all = subjects(court, task, "");
  std::vector<Subject> measured = subjects(court, task, name);
  const std::vector<Subject> rivals =
      against.empty() ? std::vector<Subject>() : subjects(court, task, against);
  const Subject* rival = against.empty() ? best_baseline(court, all) : &rivals[0];
  if (!rival) missing("{} has no baseline to be measured against", task);
  if (name.empty())
    std::erase_if(measured, [&](const Subject& s) {
      return s.plugin == rival->plugin && s.implementation == rival->implementation;
    });
  if (!profile.tool.empty()) need_one(measured, profile.tool);
  size_t done = 0, refused = 0;
  const std::vector<cases::Case> list = chosen(court, flags, court.registry.task(task));
  const auto head = [&](const Subject& s) -> Json {
    return {{"task", task},
            {"candidate", s.implementation},
            {"candidate_hash", s.plugin->hash},
            {"baseline", rival->implementation},
            {"baseline_hash", rival->plugin->hash}};
  };
  for (const Subject& s : measured) {
    if (!flags.json)
      fmt::print("{} {} against {}\n", task, s.implementation, rival->implementation);
    CasesSummary summary(task, seconds_of(court, task));
    const auto look = [&](const cases::Case& c, const BenchResult& r) {
      return profile_case(court, flags, profile, s, *rival, c, r.seeds.at(0));
    };
    for (const cases::Case& c : list) {
      const BenchResult r =
          judge::bench_case(court.judge, task, c, s.contestant(), rival->contestant(), options);
      std::string id;
      if (recorder.on() && r.code != "unsupported")
        id = recorder.add(
            record::measurement(court.machine(), court.registry, court.registry.task(task), c,
                                s.contestant(), rival->contestant(), r, s.context(court)),
            record::rates(court.registry, court.registry.task(task), c, r));
      const bool profiled = !profile.tool.empty() && r.code != "REFUSED" && r.code != "unsupported";
      if (flags.json) {
        Json j = head(s);
        j.update(r.to_json());
        if (!id.empty()) j["id"] = id;
        if (!flags.cases.empty()) j["captured_seconds"] = c.weight;
        if (profiled) j["profile"] = look(c, r).to_json();
        fmt::print("{}\n", json_line(j));
      } else {
        print_result(r, id);
        std::fflush(stdout);
        if (profiled) fmt::print("{}", look(c, r).text());
      }
      std::fflush(stdout);
      done += r.code != "unsupported";
      refused += r.code == "REFUSED";
      summary.add(c, r);
    }
    if (flags.cases.empty()) continue;
    if (flags.json) {
      Json j = head(s);
      j["captured"] = summary.to_json();
      fmt::print("{}\n", json_line(j));
    } else {
      fmt::print("{}\n", summary.text());
    }
  }
  if (done == 0) return int(Code::kMissing);
  return refused ? int(Code::kCheckFailed) : 0;
}

}  // namespace fk::core
