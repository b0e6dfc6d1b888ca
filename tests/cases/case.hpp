// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/spec/task_spec.hpp"

namespace fk::cases {

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
};

// Every YAML case in its own dtype and in float32, bfloat16 and float16, contiguous and strided,
// with one row and none.
std::vector<Case> cases_of(const core::TaskSpec&);

}  // namespace fk::cases
