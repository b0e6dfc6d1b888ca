// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/cli/judge_flags.hpp"
#include "core/cli/kernel_table.hpp"

namespace fk::core {

// The flags of `fk bench TASK` with which both sides are profiled, too.
struct ProfileFlags {
  std::string tool;      // "": none
  std::string out;       // a path without ending; "": fk_profile_<task>
  std::string run_once;  // what the command under the profiler is told: plugin/name@hash

  void add_to(CLI::App&);
  // Throws Error for a profiler that a task does not take or that is not there, and for a device
  // that it cannot look at. Before anything is judged.
  void check(const std::string& task, const std::string& device) const;
};

// What ncu saw of one side of a case, and where that is kept.
struct ProfiledSide {
  std::string implementation, hash;
  std::vector<KernelLaunch> launches;
  Words files, command;
  Json to_json() const;
};

struct ProfiledCase {
  ProfiledSide candidate, baseline;
  Json to_json() const;
  std::string text() const;  // for people, to stand below the line of a measurement
};

// Both sides of one case under ncu, each in a process of its own outside of the sandbox. `seed`: of
// the numbers, the same for both. The Judge looks at both before: Error kCheckFailed is thrown, and
// nothing is run, where it does not find them right on the case.
ProfiledCase profile_case(Court&, const JudgeFlags&, const ProfileFlags&, const Subject& candidate,
                          const Subject& baseline, const cases::Case&, uint64_t seed);

// What runs under the profiler: the case in this process, some calls to warm up, then one forward
// in kMeasureRange. `which`: plugin/name@hash, the whole hash. Opens the plugin in this process.
void run_case_once(Court&, const std::string& task, const std::string& which, cases::Case);

}  // namespace fk::core
