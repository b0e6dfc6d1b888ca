// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/cli/cli.hpp"

namespace fk::core {

// The NVTX range of what is profiled, without loading and warm-up.
inline constexpr const char* kMeasureRange = "fk.measure";

// What `ncu` is to look at, and where it writes.
struct NcuJob {
  std::string out;                    // a path without ending: .csv, .ncu-rep
  std::vector<std::string> sections;  // "SpeedOfLight"
  std::string launches;               // the first so many; empty: all
  bool keep_report = false;           // the .ncu-rep, too
};
// The words before those of the profiled command. Only what is launched in kMeasureRange is seen.
Words ncu_command(const NcuJob&);

// Throws Error kMissing, with the way out, where the profiler is not on PATH. `otherwise`: how to
// do without it, the end of the message.
void need_profiler(const std::string& tool, const std::string& otherwise);
// "/somewhere/bin/fk", to be started once more.
std::string this_program();

// Says the command on stderr, runs it with this process's streams and gives its exit code; what an
// earlier run left in `report` is gone then. `quiet`: what it says on stdout goes to stderr.
int run_profiler(const Words& command, const std::string& report, bool quiet);
// The same for ncu and its log. Throws Error kMissing where it may not read counters (`otherwise`:
// how to do without, the end of the message), and where it wrote nothing and gives 0 all the same.
int run_ncu(const Words& command, const std::string& log, bool quiet, const std::string& otherwise);

}  // namespace fk::core
