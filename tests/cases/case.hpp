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
  int row = -1;              // of a file of odd cases
  core::Json init = core::Json::object();
  std::map<std::string, int64_t>
      dims;  // n, m, block_size, ... by the names of the shape expressions
  fk_dtype dtype{};
  bool strided = false;  // gaps after the rows of every tensor
  int64_t gap = 3;       // of so many elements
  bool optional = true;  // optional float tensors are given
  enum class Wide {
    kNo,
    kWritten,
    kAll
  } wide = Wide::kNo;  // tensors that may be float32 in a 16-bit run are
  // The step's sequences, for tasks that take a step; empty: ragged ones.
  struct Sequence {
    int64_t query, context;
    bool pads() const { return context < 0; }  // no tokens at all, and a query
  };
  std::vector<Sequence> seqs;
  bool no_slots = false;                              // nothing of the step is to be stored
  std::map<std::string, std::vector<double>> inputs;  // values of these, over and over
  bool cuda_only = false;                             // too large for a test on a CPU
};

// Every YAML case in its own dtype and in float32, bfloat16 and float16, contiguous and strided,
// with one row and none.
std::vector<Case> cases_of(const core::TaskSpec&);

// Shapes that are nobody's workload and everybody's mistake: tests/cases/odd/<task>.yaml,
// contiguous and strided. Those of one `row` of the file stand together. None where there is no
// such file.
//
//   like: gelu             the rows of another file, too
//   dtypes: [float32]      default: float32, bfloat16, float16
//   init: {eps: 1.0e-5}    of every row
//   rows:                  init fields and sizes by name, and
//     - {n: 3, d: 7, seqs: [[query, context, how many]], slots: none, inputs: {x: [1, nan]}, only:
//     cuda}
std::vector<Case> odd_cases_of(const core::TaskSpec&);

}  // namespace fk::cases
