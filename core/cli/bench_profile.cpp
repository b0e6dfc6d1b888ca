// SPDX-License-Identifier: Apache-2.0
// `fk bench model --profile`: the same command under a profiler, and what it says.
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/cli/bench_model.hpp"
#include "core/cli/prompts.hpp"
#include "core/plugin/process.hpp"

extern char** environ;

namespace fk::core {
namespace {

constexpr size_t kTop = 15;
// ncu runs every kernel again for its counters: a few thousand are minutes.
constexpr const char* kNcuLaunches = "2000";

bool has_flag(const Words& words, const std::string& flag) {
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& w) { return w == flag || w.starts_with(flag + "="); });
}

std::string shell_text(const Words& command) {
  std::string out;
  for (const std::string& w : command) {
    const bool plain = !w.empty() && w.find_first_of(" \t\n'\"\\$*?[](){}<>|&;#~`!") == w.npos;
    out += (out.empty() ? "" : " ") + (plain ? w : "'" + w + "'");
  }
  return out;
}

// With this process's stdin, stdout and stderr, so that progress is seen.
int run_through(const Words& command) {
  std::vector<char*> argv;
  for (const std::string& w : command) argv.push_back(const_cast<char*>(w.c_str()));
  argv.push_back(nullptr);
  pid_t pid = 0;
  if (posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ) != 0)
    missing("{}: cannot be started", command[0]);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> out(1);
  bool quoted = false;
  for (char c : line) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      out.emplace_back();
    else if (c != '\r')
      out.back() += c;
  }
  return out;
}

double number(std::string text) {
  std::erase(text, ',');
  try {
    return std::stod(text);
  } catch (const std::exception&) { return 0; }  // a line of units
}

void print(const char* title, const std::vector<HotSpot>& spots, double unit_ms) {
  if (spots.empty()) return fmt::print("\n{}: the profiler's table has none\n", title);
  fmt::print("\n{}\n", title);
  for (const HotSpot& s : spots)
    fmt::print("  {:10.3f} ms  {:>8} times  {}\n", s.time * unit_ms, s.count,
               s.name.substr(0, 120));
}

Words nsys_command(const std::string& out) {
  return {"nsys",
          "profile",
          "--trace=cuda,nvtx",
          "--sample=none",
          "--cpuctxsw=none",
          "--cuda-graph-trace=node",
          "--force-overwrite=true",
          "--output=" + out};
}

// The clocks stay as they are; only what the workloads launch is measured.
Words ncu_command(const std::string& out) {
  return {"ncu",
          "--target-processes",
          "all",
          "--clock-control",
          "none",
          "--graph-profiling",
          "node",
          "--nvtx",
          "--nvtx-include",
          std::string(kMeasureRange) + "/",
          "--launch-count",
          kNcuLaunches,
          "--metrics",
          "gpu__time_duration.sum,dram__bytes.sum",
          "--csv",
          "--page",
          "raw",
          "--log-file",
          out + ".csv"};
}

void nsys_summary(const std::string& out) {
  auto stats = [&](const char* report) {
    return run_processes({{"nsys", "stats", "--force-export=true",
                           "--filter-nvtx=" + std::string(kMeasureRange), "--report", report,
                           "--format", "csv", out + ".nsys-rep"}})[0]
        .output;
  };
  print("hottest kernels",
        hot_spots(stats("cuda_gpu_kern_sum"), "Name", "Total Time (ns)", "Instances", kTop), 1e-6);
  print(
      "hottest tasks, with their children (steps that are graphs have no names; see "
      "--enforce-eager)",
      hot_spots(stats("nvtx_gpu_proj_sum"), "Range", "Total Proj Time (ns)", "Range Instances",
                kTop),
      1e-6);
}

}  // namespace

std::vector<HotSpot> hot_spots(const std::string& csv, const std::string& name_column,
                               const std::string& time_column, const std::string& count_column,
                               size_t top) {
  std::istringstream in(csv);
  std::vector<std::string> head;
  std::map<std::string, HotSpot> by_name;
  auto column = [&](const std::string& name) {
    return size_t(std::find(head.begin(), head.end(), name) - head.begin());
  };
  for (std::string line; std::getline(in, line);) {
    std::vector<std::string> row = cells(line);
    if (head.empty()) {
      if (std::find(row.begin(), row.end(), time_column) != row.end()) head = std::move(row);
      continue;
    }
    const size_t name = column(name_column), time = column(time_column),
                 count = column(count_column);
    if (row.size() <= std::max(name, time) || row.size() < head.size()) continue;
    const double t = number(row[time]);
    if (t <= 0) continue;
    HotSpot& spot = by_name[row[name]];
    spot.name = row[name];
    spot.time += t;
    spot.count += count < row.size() ? int64_t(number(row[count])) : 1;
  }
  std::vector<HotSpot> out;
  for (auto& [_, spot] : by_name) out.push_back(spot);
  std::sort(out.begin(), out.end(),
            [](const HotSpot& a, const HotSpot& b) { return a.time > b.time; });
  out.resize(std::min(out.size(), top));
  return out;
}

int run_profiled(const std::string& tool, const std::string& out, Words words, bool has_workload) {
  const std::vector<std::string> tools = {"nsys", "ncu"};
  if (std::find(tools.begin(), tools.end(), tool) == tools.end())
    bad_input("--profile {}: expected nsys or ncu{}", tool, did_you_mean(tool, tools));
  if (find_program(tool).empty())
    missing(
        "--profile {}: there is no {} on PATH; it comes with the CUDA toolkit (Nsight {}), often "
        "in /usr/local/cuda/bin; `--layers time` needs no profiler",
        tool, tool, tool == "nsys" ? "Systems" : "Compute");
  const bool ncu = tool == "ncu";
  // ncu picks kernels by the one range around the workloads; nsys shows every node's.
  if (!ncu && !has_flag(words, "--layers")) words.insert(words.end(), {"--layers", "nvtx"});
  if (!has_workload)
    words.insert(words.end(), {"--workload", ncu ? "prefill:512,steps:1x512:1-2"
                                                 : "prefill:512,steps:1x512:1-9"});
  if (!has_flag(words, "--repeats")) words.insert(words.end(), {"--repeats", "1"});
  Words command = ncu ? ncu_command(out) : nsys_command(out);
  command.push_back(std::filesystem::read_symlink("/proc/self/exe").string());
  command.insert(command.end(), {"bench", "model"});
  command.insert(command.end(), words.begin(), words.end());
  fmt::print(stderr, "{}\n", shell_text(command));
  if (int code = run_through(command)) return code;
  if (ncu)
    print("hottest kernels",
          hot_spots(read_input(out + ".csv"), "Kernel Name", "gpu__time_duration.sum", "", kTop),
          1e-6);
  else
    nsys_summary(out);
  fmt::print("\nwritten: {}\n", ncu ? out + ".csv" : out + ".nsys-rep");
  return 0;
}

}  // namespace fk::core
