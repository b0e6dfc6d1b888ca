// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <vector>

#include "core/judge/cases/case.hpp"
#include "core/judge/cases/schedule.hpp"
#include "core/plugin/catalog.hpp"

namespace fk::cases {

// One tensor argument of one call, with what it holds before the call. Values are rounded to the
// dtype of the case's own run, so that a float64 run sees the very same numbers.
struct Argument {
  const core::Field* field;
  std::vector<int64_t> shape;
  int64_t gap;  // elements between rows
  std::vector<double> values;
  fk_dtype dtype;       // in a run in the case's dtype
  bool follows_run;     // float64 in a float64 run
  bool written, input;  // output or mutable; input or mutable
  fk_dtype in(fk_dtype run) const { return follows_run && run.bits == 64 ? run : dtype; }
};

struct Call {
  std::string label;  // "", or "step 1: " of a task that owns a state
  std::vector<Argument> args;
  std::unique_ptr<Step> step;  // null for a task without
};

// A case made concrete: every number that goes into it. Depends on the case and its seed alone.
struct Problem {
  const core::TaskSpec* task;
  const Case* given;
  core::Json init;                      // dtype fields are set as the run is, see init_for()
  std::map<std::string, int64_t> dims;  // and the host sizes of states and caches
  std::vector<Call> calls;

  core::Json init_for(fk_dtype run) const;
  // Keeps references to the task and the case. Throws Error for a shape that cannot be evaluated.
  static Problem make(const core::Registry&, const core::TaskSpec&, const Case&);
  // Host sizes alone, as a build needs them.
  static std::map<std::string, int64_t> sizes(const core::TaskSpec&, const Case&);
};

}  // namespace fk::cases
