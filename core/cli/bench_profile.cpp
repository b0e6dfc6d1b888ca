// SPDX-License-Identifier: Apache-2.0
// `fk bench model --profile`: the same command under a profiler, and what it says.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/cli/bench_model.hpp"
#include "core/cli/printing.hpp"
#include "core/cli/profile_tables.hpp"
#include "core/cli/profiler.hpp"
#include "core/cli/prompts.hpp"
#include "core/plugin/process.hpp"

namespace fk::core {
namespace {

// One prefill and one decode step of 32 layers. ncu runs every kernel some times for its counters.
constexpr const char* kNcuLaunches = "700";

bool has_flag(const Words& words, const std::string& flag) {
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& w) { return w == flag || w.starts_with(flag + "="); });
}

// Only the measured stretch: loading and warm-up would be most of the report. Its name is no
// registered string, of which nsys must be told.
Words nsys_command(const std::string& out) {
  return {"nsys",
          "profile",
          "--trace=cuda,nvtx",
          "--sample=none",
          "--cpuctxsw=none",
          "--cuda-graph-trace=node",
          "--capture-range=nvtx",
          "--nvtx-capture=" + std::string(kMeasureRange),
          "--capture-range-end=stop",
          "--env-var=NSYS_NVTX_PROFILER_REGISTER_ONLY=0",
          "--force-overwrite=true",
          "--output=" + out};
}

std::string nsys_table(const std::string& file, const std::string& report) {
  const ProcessResult r = run_processes({{"nsys", "stats", "--force-export=true", "--report",
                                          report, "--format", "csv", "--output", "-", file}})[0];
  if (r.exit_code != 0)
    missing("--profile nsys: `nsys stats --report {} {}` failed with {}: {}", report, file,
            r.exit_code, r.output.substr(0, r.output.find('\n')));
  return r.output;
}

ProfileTables tables_of_nsys(const std::string& out) {
  const std::string file = out + ".nsys-rep";
  if (!std::filesystem::exists(file))
    missing(
        "--profile nsys: nsys wrote no {}{}; `nsys status -e` says what it lacks here, and an nsys "
        "out of Nsight Compute's folder is not whole: install Nsight Systems",
        file, std::filesystem::exists(out + ".qdstrm") ? ", only " + out + ".qdstrm" : "");
  return nsys_tables(nsys_table(file, "cuda_gpu_kern_sum"), nsys_table(file, "nvtx_gpu_proj_sum"));
}

// What the profiled command gets beside the user's words.
Words profiled_words(Words words, bool ncu, bool has_workload) {
  auto add = [&](const std::string& flag, const std::string& value) {
    if (has_flag(words, flag)) return;
    words.push_back(flag);
    if (!value.empty()) words.push_back(value);
  };
  add("--layers", "nvtx");
  add("--enforce-eager", "");  // a graph's kernels belong to no node
  if (!has_workload) {
    words.insert(words.end(),
                 {"--workload", ncu ? "steps:1x512:1-2" : "prefill:512,steps:1x512:1-9"});
    // Between its runs of a kernel ncu saves all memory that the kernel may write: a small cache.
    add("--max-num-seqs", "4");
    add("--max-model-len", "1024");
  }
  add("--repeats", "1");
  return words;
}

}  // namespace

int run_profiled(const BenchFlags& f, Words words) {
  const std::string& tool = f.profile;
  const std::vector<std::string> tools = {"nsys", "ncu"};
  if (std::find(tools.begin(), tools.end(), tool) == tools.end())
    bad_input("--profile {}: expected nsys or ncu{}", tool, did_you_mean(tool, tools));
  need_profiler(tool, "`--layers time` needs no profiler");
  const bool ncu = tool == "ncu";
  std::string out = f.profile_out;
  if (out.empty())
    out = f.out.empty() ? "fk_profile" : std::filesystem::path(f.out).replace_extension().string();
  const std::string report = out + (ncu ? ".csv" : ".nsys-rep");
  for (const std::string& file : {report, f.out})
    if (!file.empty() && !std::ofstream(file, std::ios::app))
      bad_input("--{} {}: cannot be written", file == f.out ? "out" : "profile-out", file);
  Words command = ncu ? ncu_command({out, {"SpeedOfLight"}, kNcuLaunches}) : nsys_command(out);
  command.push_back(this_program());
  command.insert(command.end(), {"bench", "model"});
  words = profiled_words(std::move(words), ncu, !f.workload.empty());
  command.insert(command.end(), words.begin(), words.end());
  const int code = ncu ? run_ncu(command, report, f.json,
                                 "use --profile nsys or `--layers time`, which need no counters")
                       : run_profiler(command, report, f.json);
  if (code) return code;
  const ProfileTables tables = ncu ? ncu_tables(read_input(report)) : tables_of_nsys(out);
  if (tables.kernels.empty())
    throw Error(Code::kCheckFailed,
                fmt::format("--profile {}: no kernel in {}; was the model on a GPU (--device "
                            "cuda:0)?",
                            tool, report));
  Json all = {{"profiler", tool}, {"report", report}, {"command", command}};
  all.update(profile_json(tables));
  if (!f.out.empty())
    std::ofstream(f.out) << all.dump(1, ' ', false, Json::error_handler_t::replace) << "\n";
  if (f.json)
    fmt::print("{}\n", json_line(all));
  else
    fmt::print("{}\nwritten: {}{}\n", profile_text(tables), report,
               f.out.empty() ? "" : ", " + f.out);
  return 0;
}

}  // namespace fk::core
