// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/spec/task_spec.hpp"

namespace fk::cases {

// What stands in float inputs whose task file gives no bounds.
enum class Inputs { kNormal, kTies, kScales, kTiny, kOffset, kNonfinite };

// One thing to run: a case of a task's YAML, its sizes cut down to what a CPU checks in
// milliseconds, or a variation.
struct Case {
  std::string name, family;  // family: cases of one init and dtype, which may share weights
  core::Json init = core::Json::object();
  std::map<std::string, int64_t>
      dims;  // n, m, block_size, ... by the names of the shape expressions
  fk_dtype dtype{};
  bool strided = false;  // gaps after the rows of every tensor
  bool optional = true;  // optional float tensors are given
  enum class Wide {
    kNo,
    kWritten,
    kAll
  } wide = Wide::kNo;  // tensors that may be float32 in a 16-bit run are
  uint64_t seed = 1;
  Inputs inputs = Inputs::kNormal;
  bool two_steps = false;  // of a task that owns a state: the second step reads what the first left
  bool decode = false;     // every sequence has one query token
  double weight = 0;       // of the YAML case
  bool own = false;        // the YAML case in its own dtype, no variation
};

// Every YAML case in its own dtype and in float32, bfloat16 and float16, contiguous and strided,
// with one row and none.
std::vector<Case> cases_of(const core::TaskSpec&);

}  // namespace fk::cases
