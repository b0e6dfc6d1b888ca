// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/spec/task_spec.hpp"

namespace fk::core {

// One launch of a kernel as ncu saw it; -1 and "": ncu did not say.
struct KernelLaunch {
  std::string name;
  // Below the task, with its implementation: "mlp.down_proj (cuda/gemv 1.0.0)"; "" for its own.
  std::string node;
  std::string grid, block;  // "(32, 1, 1)", of blocks and of threads
  double ns = 0;
  double compute = -1, memory = -1;                 // percent of the peak
  double occupancy = -1;                            // achieved: percent of the warps that fit
  int64_t registers = -1;                           // a thread
  int64_t shared_static = -1, shared_dynamic = -1;  // bytes a block
};

// From `ncu --csv --page raw` with the sections SpeedOfLight, LaunchStats and Occupancy, in the
// order of the launches.
std::vector<KernelLaunch> ncu_launches(const std::string& csv);
double sum_ns(const std::vector<KernelLaunch>&);

// A line a launch, each begun with `indent`; of more than 40 launches the first ones.
std::string launches_text(const std::vector<KernelLaunch>&, const std::string& indent);
// What ncu did not say is left out.
Json launches_json(const std::vector<KernelLaunch>&);

}  // namespace fk::core
