// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/spec/task_spec.hpp"

namespace fk::core {

// Time of one kernel, or of all nodes of one path, numbers of layers taken together
// ("model.layers.*.mlp.down_proj").
struct HotSpot {
  std::string name;
  double ns = 0;
  int64_t calls = 0, kernels = 0;    // kernels: 0 for a kernel itself
  std::string implementation;        // of a task
  std::string hottest;               // of a task: its hottest kernel, where the profiler says it
  double compute = -1, memory = -1;  // percent of the peak, weighted by time; -1: not measured
};

// What a profiler saw of the measured stretch.
struct ProfileTables {
  std::vector<HotSpot> kernels, tasks;  // hottest first, the `kTop` first of them
  double kernel_ns = 0;                 // of all kernels
  double task_ns = 0;                   // of all tasks that launch kernels themselves
};

// From the CSV of `nsys stats`: cuda_gpu_kern_sum and nvtx_gpu_proj_sum. Tasks are the ranges that
// hold no other range; a task's time is from its first kernel's begin to its last one's end.
ProfileTables nsys_tables(const std::string& kernel_csv, const std::string& range_csv);
// From `ncu --csv --page raw --nvtx`: a line a kernel; a task has the kernels of which it is the
// innermost range.
ProfileTables ncu_tables(const std::string& csv);

// The column in which ncu says in which ranges a kernel was launched.
inline constexpr const char* kNcuRanges =
    "thread Domain:Push/Pop_Range:PL_Type:PL_Value:CLR_Type:Color:Msg_Type:Msg";
// Of what stands there, `1  "<default domain>:fk.measure:none:..."  "<default domain>:model.norm
// (...):none:..."`, a thread and its stack of ranges: the names of the nodes, the outermost first.
std::vector<std::string> node_ranges(const std::string& stack);
std::string percent_text(double share);  // "12.5 %"; "-" for what was not measured

// For people, at most 60 lines; and for programs.
std::string profile_text(const ProfileTables&);
Json profile_json(const ProfileTables&);

}  // namespace fk::core
