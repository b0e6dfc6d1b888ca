// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>

#include "core/base/error.hpp"
#include "core/cli/compare.hpp"
#include "core/cli/plots.hpp"
#include "core/cli/printing.hpp"
#include "core/record/record.hpp"
#include "core/resolve/selector.hpp"

namespace fk::core {
namespace {

using record::Compared;
using record::Version;

std::pair<std::string, std::string> split(const std::string& text) {
  const size_t at = text.find(':');
  if (at == text.npos || at == 0 || at + 1 == text.size())
    bad_input("'{}': expected TASK:plugin, TASK:plugin/name or either with @hash", text);
  return {text.substr(0, at), text.substr(at + 1)};
}

// The versions in the store that a selector means.
std::set<Version> recorded(store::Store& store, const std::string& task, const Selector& s) {
  std::set<Version> out;
  store::Filter filter;
  filter.task = task;
  filter.implementation = s.name.empty() ? s.plugin : s.plugin + "/" + s.name;
  filter.hash = s.hash;
  store.each<store::Measurement>(filter, [&](const store::Measurement& m) {
    out.insert({m.implementation, m.hash});
  });
  return out;
}

// A file first: what is there now is meant unless a hash says otherwise.
CompareSide side_of(Court& court, store::Store* store, const std::string& task,
                    const std::string& text) {
  CompareSide side;
  std::vector<Subject> found;
  try {
    found = subjects(court, task, text);
  } catch (const Error& e) { side.missing = e.text(); }
  if (found.size() > 1)
    bad_input("'{}' means several: {}@{} and {}@{}; say which", text, found[0].implementation,
              found[0].plugin->hash.substr(0, 8), found[1].implementation,
              found[1].plugin->hash.substr(0, 8));
  if (found.size() == 1) {
    side.subject = found[0];
    side.version = {found[0].implementation, found[0].plugin->hash};
    return side;
  }
  const std::set<Version> known =
      store ? recorded(*store, task, Selector::parse(text)) : std::set<Version>{};
  if (known.empty()) bad_input("{}; the store has no measurement of it either", side.missing);
  if (known.size() > 1)
    bad_input("{}; the store knows {} versions that are called so: add more of the hash",
              side.missing, known.size());
  side.version = *known.begin();
  return side;
}

// The cases of the task file that the store says nothing of on this machine, measured now.
void measure_missing(Court& court, record::Recorder& recorder, const CompareFlags& f,
                     const std::string& task, const CompareSide (&sides)[2],
                     std::vector<Compared>& rows) {
  const TaskSpec& spec = court.registry.task(task);
  for (const cases::Case& c : judge::bench_cases(spec, court.on_a_card())) {
    if (!f.judge.only.empty() && c.name != f.judge.only) continue;
    const std::string init = record::canonical_init(court.registry, spec, c);
    auto row = std::find_if(rows.begin(), rows.end(), [&](const Compared& r) {
      return r.case_id == c.name && r.init == init && r.device == court.machine().device;
    });
    if (row != rows.end() && row->speedup) continue;
    if (row == rows.end()) {
      row = rows.insert(rows.end(), Compared{});
      row->case_id = c.name, row->init = init, row->device = court.machine().device;
      row->missing = "neither was measured";
    }
    for (const CompareSide& s : sides)
      if (!s.subject) row->missing += fmt::format("; {} cannot be run: {}", s.text(), s.missing);
    if (f.no_measure || !sides[0].subject || !sides[1].subject) continue;
    const judge::Contestant first = sides[0].subject->contestant(),
                            second = sides[1].subject->contestant();
    judge::BenchOptions options;
    options.budget = f.budget;
    try {
      const judge::BenchResult r = judge::bench_case(court.judge, task, c, second, first, options);
      if (r.code == "unsupported" || r.code == "REFUSED") {
        row->missing = r.code + ": " + r.text;
      } else {
        row->speedup = r.speedup;
        row->code = r.code;
        row->how = "measured now";
        row->missing.clear();
      }
      if (r.code == "unsupported" || !recorder.on()) continue;
      const std::string id =
          recorder.add(record::measurement(court.machine(), court.registry, spec, c, second, first,
                                           r, sides[1].subject->context(court)));
      row->ids.clear();
      if (!id.empty()) row->ids = {id};
    } catch (const Error& e) { row->missing = e.text(); }
  }
}

Json interval_json(const judge::Interval& i) {
  return {{"low", i.low}, {"median", i.middle}, {"high", i.high}};
}

Json row_json(const Compared& r) {
  Json j = {{"case", r.case_id}, {"device", r.device}, {"init", r.init}};
  if (!r.speedup) {
    j["missing"] = r.missing;
    return j;
  }
  j["speedup"] = interval_json(*r.speedup);
  j["code"] = r.code;
  j["how"] = r.how;
  j["ids"] = r.ids;
  return j;
}

std::string ratio_text(const std::string& code, const judge::Interval& i) {
  return fmt::format("{:<5}{:>7.3f}x [{:.3f}, {:.3f}]  {}", code, i.middle, i.low, i.high,
                     ratio_bar(i.middle));
}

void print_rows(const std::vector<Compared>& rows) {
  std::set<std::string> devices;
  for (const Compared& r : rows) devices.insert(r.device);
  for (const Compared& r : rows) {
    if (!r.speedup) {
      fmt::print("  {:<36} -      {}\n", r.case_id, r.missing);
      continue;
    }
    std::string ids;
    for (const std::string& id : r.ids) ids += " " + store::short_id(id);
    fmt::print("  {:<36} {}  {}{}{}\n", r.case_id, ratio_text(r.code, *r.speedup), r.how, ids,
               devices.size() > 1 ? "  " + r.device : "");
  }
}

// Over the cases, each counting the same.
double geometric_mean(const std::vector<Compared>& rows) {
  double sum = 0;
  size_t count = 0;
  for (const Compared& r : rows)
    if (r.speedup) sum += std::log(r.speedup->middle), ++count;
  return count == 0 ? 0 : std::exp(sum / double(count));
}

void write_svg(const std::string& file, const std::string& title,
               const std::vector<RatioRow>& rows) {
  std::ofstream out(file);
  out << ratios_svg(title, rows);
  if (!out.flush()) bad_input("--svg {}: cannot be written", file);
}

std::unique_ptr<store::Store> store_to_read(const CompareFlags& f) {
  if (f.store.off) return nullptr;
  const std::filesystem::path path = f.store.path();
  if (!std::filesystem::exists(path)) return nullptr;  // nothing was ever recorded
  return std::make_unique<store::Store>(path, store::Store::Access::kRead);
}

Json side_json(const CompareSide& s) {
  Json j = {{"implementation", s.version.implementation}, {"hash", s.version.hash}};
  if (!s.missing.empty()) j["missing"] = s.missing;
  return j;
}

void add_model(const CompareFlags& f, const Words& words, Court& court, record::Recorder& recorder,
               const InModel& in, Json& all, std::vector<RatioRow>& plot) {
  const resolver::Gain& g = in.gain;
  std::vector<RatioRow> lines = {{"prefill", g.prefill}};
  if (g.has_decode) lines.push_back({"decode", g.decode});
  lines.push_back({"in all", g.whole});
  all["model"] = {{"config", f.config},
                  {"workload", in.workload.text()},
                  {"seconds_a_step", {g.first, g.second}},
                  {"samples", g.samples}};
  if (!f.where.empty()) all["model"]["where"] = f.where;
  for (const RatioRow& line : lines) {
    all["model"][line.name == "in all" ? "whole" : line.name] = interval_json(line.ratio);
    plot.push_back({line.name + " of " + f.config, line.ratio});
  }
  if (recorder.on()) {
    store::RunRecord r;
    r.command = {"fk", "compare"};
    for (const std::string& w : words) r.command.push_back(w);
    r.config = f.config, r.device = court.machine().device, r.driver = court.machine().driver;
    r.record = all, r.harness = court.machine().harness;
    if (const std::string id = recorder.add(r); !id.empty()) all["model"]["id"] = id;
  }
  if (f.judge.json) return;
  fmt::print("in {}, {}\n", f.config, in.workload.text());
  for (const RatioRow& line : lines)
    fmt::print("  {:<36} {}\n", line.name,
               ratio_text(judge::speed_name(judge::speed_of(line.ratio)), line.ratio));
  if (all["model"].contains("id"))
    fmt::print("  id {}\n", store::short_id(all["model"]["id"].get<std::string>()));
}

int compare_plans(const CompareFlags& f, const Words& words) {
  for (const std::string& word : f.versions)
    if (!is_plan(word))
      bad_input(
          "{}: a plan is compared with a plan or with \"baseline\"; `fk run --pin ... "
          "--save-plan FILE` writes one of pins",
          word);
  if (f.config.empty()) bad_input("plans are compared in a model: say which with --config");
  if (!f.where.empty()) bad_input("--where {}: a plan says itself what stands where", f.where);
  record::Recorder recorder = f.store.recorder();
  Court court(f.judge);
  Json all = {{"first", {{"plan", f.versions[0]}}}, {"second", {{"plan", f.versions[1]}}}};
  const std::string title =
      fmt::format("how much faster {} is than {}", f.versions[1], f.versions[0]);
  if (!f.judge.json) fmt::print("{}\n", title);
  std::vector<RatioRow> plot;
  add_model(f, words, court, recorder,
            compare_in_model(f, with_plan(f, f.versions[0]), with_plan(f, f.versions[1])), all,
            plot);
  if (!f.svg.empty()) write_svg(f.svg, title, plot);
  if (f.judge.json) fmt::print("{}\n", json_line(all));
  return 0;
}

void add_flags(CLI::App& app, CompareFlags& f) {
  app.add_option(
         "versions", f.versions,
         "two of TASK:plugin[/name][@hash], or two plans: files of `fk resolve --out` and of "
         "`fk run --save-plan`, or \"baseline\"")
      ->type_name("VERSION")
      ->expected(2)
      ->required();
  app.add_option("--config", f.config, "in this model, too: a file of configs/")->type_name("FILE");
  app.add_option("--workload", f.workload,
                 "of the model, BATCHxPROMPT/NEW: requests at once, prompt and new tokens of each; "
                 "default 1x64/16, an encoder's 16x64/0, within its context")
      ->type_name("W");
  app.add_option("--where", f.where,
                 "in the model only there: decode, prefill, @PATH-PATTERN or a phase and a "
                 "pattern, as in decode@*down_proj*; the rest is the baselines'")
      ->type_name("PART");
  app.add_option("--builds", f.builds,
                 "of the models: where the buffers of one lie is luck that all of its rounds share")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_option("--rounds", f.rounds, "of each build, each with both versions")
      ->check(CLI::Range(2, 1000))
      ->capture_default_str();
  app.add_option("--budget", f.budget, "seconds a case that is measured, at most")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_flag("--no-measure", f.no_measure, "only what the store knows");
  app.add_option("--svg", f.svg, "the plot as a picture")->type_name("FILE");
  f.judge.add_to(app);
  f.store.add_to(app);
}

}  // namespace

int compare_command(const Words& words) {
  CLI::App app{
      "Compares two versions of an implementation, or two implementations: for every case, how "
      "much faster the second is, with a 95 % interval. What the store knows is taken from there; "
      "what it lacks is measured, one against the other. With --config, in a model as well; two "
      "plans in a model alone.\n"
      "exit codes: 0 compared, 2 bad usage, 3 nothing to compare",
      "fk compare"};
  CompareFlags f;
  add_flags(app, f);
  if (!parse_flags(app, words)) return 0;
  if (is_plan(f.versions[0]) || is_plan(f.versions[1])) return compare_plans(f, words);
  const auto [task, first] = split(f.versions[0]);
  const auto [other, second] = split(f.versions[1]);
  if (task != other) bad_input("{} and {}: two versions of one task are compared", task, other);
  record::Recorder recorder = f.store.recorder();
  Court court(f.judge);
  const std::unique_ptr<store::Store> store = store_to_read(f);
  const CompareSide sides[] = {side_of(court, store.get(), task, first),
                               side_of(court, store.get(), task, second)};
  const bool with_itself = sides[0].version == sides[1].version;
  if (with_itself && f.config.empty())
    bad_input("{} and {} are one version, {}; with --config a model of it runs beside itself",
              f.versions[0], f.versions[1], sides[0].text());
  std::vector<Compared> rows;
  if (store && !with_itself)
    rows = record::compare(*store, task, sides[0].version, sides[1].version);
  std::erase_if(
      rows, [&](const Compared& r) { return !f.judge.only.empty() && r.case_id != f.judge.only; });
  if (!with_itself) measure_missing(court, recorder, f, task, sides, rows);

  Json all = {{"task", task}, {"first", side_json(sides[0])}, {"second", side_json(sides[1])}};
  all["cases"] = Json::array();
  std::vector<RatioRow> plot;
  for (const Compared& r : rows) {
    all["cases"].push_back(row_json(r));
    if (r.speedup) plot.push_back({r.case_id, *r.speedup});
  }
  const double mean = geometric_mean(rows);
  if (mean > 0) all["geometric_mean"] = mean;
  const std::string title =
      fmt::format("{}: how much faster {} is than {}", task, sides[1].text(), sides[0].text());
  if (!f.judge.json) {
    fmt::print("{}\n", title);
    print_rows(rows);
    if (mean > 0) fmt::print("  {:<36} {:>12.3f}x\n", "geometric mean", mean);
    std::fflush(stdout);
  }
  if (!f.config.empty())
    add_model(f, words, court, recorder,
              compare_in_model(f, with_version(f, task, sides[0]), with_version(f, task, sides[1])),
              all, plot);
  if (!f.svg.empty()) write_svg(f.svg, title, plot);
  if (f.judge.json) fmt::print("{}\n", json_line(all));
  return plot.empty() ? int(Code::kMissing) : 0;
}

}  // namespace fk::core
