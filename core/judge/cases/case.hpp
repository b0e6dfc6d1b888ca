// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/spec/registry.hpp"

namespace fk::cases {

// What stands in float inputs whose task file gives no bounds.
enum class Distribution { kNormal, kTies, kScales, kTiny, kOffset, kNonfinite };

// One thing to run: a case of a task's YAML, its sizes cut down to what a CPU checks in
// milliseconds, or a variation.
struct Case {
  std::string name, family;  // family: cases of one init and dtype, which may share weights
  int row = -1;              // of a file of odd shapes, and
  std::string text;          // what stands there
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
  } wide = Wide::kNo;                  // tensors that may be float32 in a 16-bit run are
  std::set<std::string> wide_tensors;  // these are, whatever `wide` says
  std::set<std::string> absent;        // optional tensors that are not given
  uint64_t seed = 1;
  Distribution distribution = Distribution::kNormal;
  // Values of these, over and over; an optional tensor of integers is given where it has some.
  std::map<std::string, std::vector<double>> inputs;
  // The step's sequences, for tasks that take a step; empty: ragged ones.
  struct Sequence {
    int64_t query, context;
    bool pads() const { return context < 0; }  // no tokens at all, and a query
  };
  std::vector<Sequence> seqs;
  // Of [[query, context, how many]], as task files and odd shapes have them.
  static std::vector<Sequence> sequences(const core::Json& list);
  std::vector<int64_t> blocks;  // of the cache, as `seqs` take them one after another; empty: any
  bool no_slots = false;        // nothing of the step is to be stored
  bool cuda_only = false;       // too large for a CPU
  bool two_steps = false;  // of a task that owns a state: the second step reads what the first left
  bool decode = false;     // every sequence has one query token
  double weight = 0;       // of the YAML case
  bool own = false;        // a YAML case in its own dtype, or a captured one; no variation
};

// Every YAML case in its own dtype, in sizes for measuring on a card: as the task file has them as
// far as the reference answers them in seconds. The name says those that calls choose
// ("llama_decode/bfloat16/d=14336,n=64"). Of a task with a step those cases that say `steps` have
// each of them ("llama_decode/bfloat16/32x1k"), the others short sequences.
std::vector<Case> whole_cases_of(const core::TaskSpec&);

// Every YAML case, cut by halves to what the reference answers at once, in its own dtype and in
// float32, bfloat16 and float16, contiguous and strided,
// with one row and none.
std::vector<Case> cases_of(const core::TaskSpec&);

// The YAML cases in their own dtypes once more, with inputs that break what normal ones do not. Of
// a task made of others only those that tie: scales and offsets are for the ones it is made of.
std::vector<Case> hard_cases_of(const core::TaskSpec&);

// Shapes that are nobody's workload and everybody's mistake: <registry>/odd/<task>.yaml, contiguous
// and strided, named odd_<row>/<dtype>. None where there is no such file. Throws Error for a row
// that says what the task does not know.
//
//   like: gelu             the rows of another file, too
//   dtypes: [float32]      default: float32, bfloat16, float16
//   init: {eps: 1.0e-5}    of every row
//   rows:                  init fields and sizes by name, and
//     - {n: 3, d: 7, seqs: [[query, context, how many]], slots: none, inputs: {x: [1, nan]}, only:
//     cuda}
//
// Of a task that owns a state, a step before fills it with the contexts of `seqs`.
std::vector<Case> odd_cases_of(const core::Registry&, const core::TaskSpec&);

}  // namespace fk::cases
