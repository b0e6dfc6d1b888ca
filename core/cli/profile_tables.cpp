// SPDX-License-Identifier: Apache-2.0
#include "core/cli/profile_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/cli/csv_table.hpp"
#include "core/cli/profiler.hpp"

namespace fk::core {
namespace {

constexpr size_t kTop = 24;  // of each table: both, with their heads, stay below 60 lines

// "model.layers.17.mlp" -> "model.layers.*.mlp"
std::string without_numbers(const std::string& path) {
  std::string out;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('.', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    const bool digits = !part.empty() && part.find_first_not_of("0123456789") == part.npos;
    out += (begin ? "." : "") + (digits ? "*" : part);
    begin = end + 1;
  }
  return out;
}

// Adds up what has one name.
class Spots {
 public:
  // `range`: a node's label, "path (implementation version)".
  HotSpot& task(const std::string& range) {
    const size_t space = range.find(" (");
    const std::string path = without_numbers(range.substr(0, space));
    std::string by = space == range.npos ? "" : range.substr(space + 2);
    by = by.substr(0, by.find_first_of(" )"));
    HotSpot& s = by_name_[path + " " + by];
    s.name = path;
    s.implementation = by;
    return s;
  }
  HotSpot& kernel(const std::string& name) {
    HotSpot& s = by_name_[name];
    s.name = name;
    return s;
  }
  std::vector<HotSpot> hottest(double& total) const {
    std::vector<HotSpot> out;
    for (const auto& [_, s] : by_name_) {
      out.push_back(s);
      total += s.ns;
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const HotSpot& a, const HotSpot& b) { return a.ns > b.ns; });
    out.resize(std::min(out.size(), kTop));
    return out;
  }

 private:
  std::map<std::string, HotSpot> by_name_;
};

void add_weighted(double& mean, double so_far, double value, double weight) {
  if (value < 0 || so_far + weight <= 0) return;
  mean = (std::max(mean, 0.0) * so_far + value * weight) / (so_far + weight);
}

double share(double part, double all) { return all > 0 ? 100 * part / all : 0; }

}  // namespace

std::string percent_text(double share) { return share < 0 ? "-" : fmt::format("{:.1f} %", share); }

std::vector<std::string> node_ranges(const std::string& stack) {
  std::vector<std::string> names;
  for (size_t open = stack.find('"'); open != stack.npos; open = stack.find('"', open)) {
    const size_t close = std::min(stack.find('"', open + 1), stack.size());
    const std::string range = stack.substr(open + 1, close - open - 1);
    const size_t begin = range.find(':');
    if (begin != range.npos)
      names.push_back(range.substr(begin + 1, range.find(':', begin + 1) - begin - 1));
    open = std::min(close + 1, stack.size());
  }
  std::erase(names, kMeasureRange);
  return names;
}

ProfileTables nsys_tables(const std::string& kernel_csv, const std::string& range_csv) {
  ProfileTables out;
  Spots kernels, tasks;
  const CsvTable k(kernel_csv, "Total Time (ns)");
  const auto name = k.column("Name"), time = k.column("Total Time (ns)"),
             count = k.column("Instances");
  for (const CsvRow& row : k.rows()) {
    if (!name || csv_number(row, time) <= 0) continue;
    HotSpot& s = kernels.kernel(row[*name]);
    s.ns += csv_number(row, time);
    s.calls += int64_t(csv_number(row, count));
  }
  const CsvTable r(range_csv, "Total Proj Time (ns)");
  const auto range = r.column("Range"), span = r.column("Total Proj Time (ns)"),
             calls = r.column("Range Instances"), ops = r.column("Total GPU Ops"),
             children = r.column("Avg Num Child");
  for (const CsvRow& row : r.rows()) {
    if (!range || csv_number(row, span) <= 0) continue;
    std::string label = row[*range];
    label = label.substr(label.find(':') + 1);  // "domain:name"; the default domain has no name
    // A composite that computes some calls by itself has fewer children than calls.
    if (label == kMeasureRange || csv_number(row, children) >= 1) continue;
    HotSpot& s = tasks.task(label);
    s.ns += csv_number(row, span);
    s.calls += int64_t(csv_number(row, calls));
    s.kernels += int64_t(csv_number(row, ops));
  }
  out.kernels = kernels.hottest(out.kernel_ns);
  out.tasks = tasks.hottest(out.task_ns);
  return out;
}

ProfileTables ncu_tables(const std::string& csv) {
  ProfileTables out;
  Spots kernels, tasks;
  std::map<std::string, std::map<std::string, double>> of_task;
  const std::string duration = "gpu__time_duration.sum";
  const CsvTable t(csv, duration);
  const auto name = t.column("Kernel Name"), time = t.column(duration),
             compute = t.column("sm__throughput.avg.pct_of_peak_sustained_elapsed"),
             memory = t.column("gpu__compute_memory_throughput.avg.pct_of_peak_sustained_elapsed"),
             stack = t.column(kNcuRanges);
  auto add = [&](HotSpot& s, const CsvRow& row) {
    const double ns = csv_number(row, time);
    add_weighted(s.compute, s.ns, csv_number(row, compute, -1), ns);
    add_weighted(s.memory, s.ns, csv_number(row, memory, -1), ns);
    s.ns += ns;
  };
  for (const CsvRow& row : t.rows()) {
    if (!name || csv_number(row, time) <= 0) continue;
    HotSpot& kernel = kernels.kernel(row[*name]);
    add(kernel, row);
    ++kernel.calls;
    const auto nodes = stack ? node_ranges(row[*stack]) : std::vector<std::string>();
    HotSpot& task = tasks.task(nodes.empty() ? "(no task)" : nodes.back());
    add(task, row);
    ++task.kernels;
    double& own = of_task[task.name + " " + task.implementation][row[*name]];
    own += csv_number(row, time);
    if (task.hottest.empty() || own > of_task[task.name + " " + task.implementation][task.hottest])
      task.hottest = row[*name];
  }
  out.kernels = kernels.hottest(out.kernel_ns);
  out.tasks = tasks.hottest(out.task_ns);
  return out;
}

std::string profile_text(const ProfileTables& t) {
  std::string out;
  auto cut = [](const std::string& s, size_t n) { return s.substr(0, n); };
  auto limits = [&](const HotSpot& s) {
    return s.compute < 0 && s.memory < 0
               ? std::string()
               : fmt::format("  compute {:>7}  memory {:>7}", percent_text(s.compute),
                             percent_text(s.memory));
  };
  out += fmt::format("\nhottest tasks: {:.3f} ms in all{}\n", t.task_ns * 1e-6,
                     t.tasks.empty() ? "; the profile names none" : "");
  for (const HotSpot& s : t.tasks) {
    std::string line =
        fmt::format("  {:5.1f} %  {:9.3f} ms  {:>5} kernels{}  {}", share(s.ns, t.task_ns),
                    s.ns * 1e-6, s.kernels, limits(s), s.name);
    if (!s.implementation.empty()) line += fmt::format(" ({})", s.implementation);
    if (!s.hottest.empty()) line += ": " + cut(s.hottest, 60);
    out += line + "\n";
  }
  out += fmt::format("\nhottest kernels: {:.3f} ms in all{}\n", t.kernel_ns * 1e-6,
                     t.kernels.empty() ? "; the profile has none" : "");
  for (const HotSpot& s : t.kernels)
    out += fmt::format("  {:5.1f} %  {:9.3f} ms  {:>5} times{}  {}\n", share(s.ns, t.kernel_ns),
                       s.ns * 1e-6, s.calls, limits(s), cut(s.name, 100));
  return out;
}

Json profile_json(const ProfileTables& t) {
  Json out = {{"task_ms", t.task_ns * 1e-6},
              {"kernel_ms", t.kernel_ns * 1e-6},
              {"tasks", Json::array()},
              {"kernels", Json::array()}};
  auto limits = [](const HotSpot& s, Json j) {
    if (s.compute >= 0) j["compute_percent"] = s.compute;
    if (s.memory >= 0) j["memory_percent"] = s.memory;
    return j;
  };
  for (const HotSpot& s : t.tasks) {
    Json j = {{"path", s.name},
              {"implementation", s.implementation},
              {"ms", s.ns * 1e-6},
              {"share", share(s.ns, t.task_ns) / 100},
              {"kernels", s.kernels}};
    if (s.calls) j["calls"] = s.calls;
    if (!s.hottest.empty()) j["hottest_kernel"] = s.hottest;
    out["tasks"].push_back(limits(s, std::move(j)));
  }
  for (const HotSpot& s : t.kernels)
    out["kernels"].push_back(limits(s, {{"name", s.name},
                                        {"ms", s.ns * 1e-6},
                                        {"share", share(s.ns, t.kernel_ns) / 100},
                                        {"launches", s.calls}}));
  return out;
}

}  // namespace fk::core
