// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "core/base/error.hpp"
#include "core/cli/flags.hpp"
#include "core/cli/plots.hpp"
#include "core/cli/printing.hpp"
#include "core/cli/store_flags.hpp"
#include "core/record/history.hpp"

namespace fk::core {
namespace {

using record::VersionHistory;
using store::Measurement;

std::string verdict_text(const VersionHistory& v) {
  if (!v.verdict) return "-";
  return v.verdict->passed ? "PASS" : v.verdict->code;
}

std::string time_text(const std::string& time) {
  return time.size() < 19 ? time : time.substr(0, 10) + " " + time.substr(11, 8);
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

// A line a case: one value a version, in their order.
void print_cases(const std::vector<VersionHistory>& versions) {
  std::set<std::string> keys, devices;
  for (const VersionHistory& v : versions)
    for (const auto& [key, m] : v.cases) keys.insert(key), devices.insert(m.device);
  for (const std::string& key : keys) {
    std::vector<double> values;
    std::string numbers;
    const Measurement* last = nullptr;
    for (const VersionHistory& v : versions) {
      const auto at = v.cases.find(key);
      const bool there = at != v.cases.end() && at->second.ratio > 0;
      values.push_back(there ? at->second.ratio : 0);
      numbers += there ? fmt::format(" {:>8.3f}x", at->second.ratio) : fmt::format(" {:>9}", "-");
      if (at != v.cases.end()) last = &at->second;
    }
    fmt::print("    {:<36} {}{}  {}, against {}{}\n", last->case_id, sparkline(values), numbers,
               last->code, last->baseline, devices.size() > 1 ? ", " + last->device : "");
  }
}

void print_history(const std::string& implementation, const std::vector<VersionHistory>& versions) {
  fmt::print("{}\n", implementation);
  fmt::print("    {:<10}{:<10}{:<21}{:<10}{:<12}{:>9}\n", "hash", "version", "first seen",
             "revision", "verdict", "speed");
  std::vector<double> speeds;
  for (const VersionHistory& v : versions) {
    speeds.push_back(v.speed());
    fmt::print("    {:<10}{:<10}{:<21}{:<10}{:<12}{:>9}\n", v.hash.substr(0, 8), or_dash(v.version),
               time_text(v.first_seen), or_dash(v.revision.substr(0, 8)), verdict_text(v),
               v.speed() > 0 ? fmt::format("{:.3f}x", v.speed()) : "-");
  }
  if (versions.size() > 1) fmt::print("    speed over its versions: {}\n", sparkline(speeds));
  print_cases(versions);
}

Json case_json(const Measurement& m) {
  return {{"case", m.case_id},
          {"dtype", m.dtype},
          {"device", m.device},
          {"baseline", m.baseline},
          {"baseline_hash", m.baseline_hash},
          {"code", m.code},
          {"speedup", {{"low", m.ratio_low}, {"median", m.ratio}, {"high", m.ratio_high}}},
          {"time", m.time},
          {"id", m.uuid}};
}

Json version_json(const VersionHistory& v) {
  Json j = {{"hash", v.hash},
            {"version", v.version},
            {"first_seen", v.first_seen},
            {"revision", v.revision}};
  if (v.verdict)
    j["verdict"] = {{"passed", v.verdict->passed},
                    {"code", v.verdict->code},
                    {"coverage", v.verdict->coverage},
                    {"time", v.verdict->time},
                    {"id", v.verdict->uuid}};
  if (v.speed() > 0) j["speed"] = v.speed();
  j["cases"] = Json::array();
  for (const auto& [key, m] : v.cases) j["cases"].push_back(case_json(m));
  return j;
}

}  // namespace

int history_command(const Words& words) {
  CLI::App app{
      "What became of the implementations of a task: every version that was judged or measured, in "
      "the order in which they came, with its verdict and its speed against the baseline, case by "
      "case. It reads the results store.",
      "fk history"};
  std::string task, implementation;
  StoreFlags place;
  bool json = false;
  app.add_option("task", task, "the task")->type_name("TASK")->required();
  app.add_option("--impl", implementation, "only this implementation: plugin or plugin/name");
  place.add_to(app);
  app.add_flag("--json", json, "as JSON");
  if (!parse_flags(app, words)) return 0;
  store::Store store = place.to_read();
  const auto all = record::history(store, task, implementation);
  if (all.empty())
    missing("{}: nothing of {}{} yet; fk check and fk bench record what they find", store.path(),
            task, implementation.empty() ? "" : " by " + implementation);
  Json out = {{"task", task}, {"implementations", Json::array()}};
  for (const auto& [name, versions] : all) {
    if (!json) {
      print_history(name, versions);
      continue;
    }
    Json list = Json::array();
    for (const VersionHistory& v : versions) list.push_back(version_json(v));
    out["implementations"].push_back({{"implementation", name}, {"versions", list}});
  }
  if (json) fmt::print("{}\n", json_line(out));
  return 0;
}

}  // namespace fk::core
