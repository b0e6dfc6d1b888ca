// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "core/plugin/baseline_order.hpp"
#include "core/spec/task_spec.hpp"

namespace fk::core {

// What nodes were called with: calls of equal shapes are one entry, wherever in the tree they were.
struct CapturedCall {
  std::string task;
  std::string init;  // canonical JSON, as Choice.init
  Json case_init;    // the same with instances written out, as a case of a task file has them
  Phase phase = Phase::kPrefill;  // of the step, as Node::call() takes it
  fk_dtype dtype{};               // of the run
  // Sizes by the names of the shape expressions. `n` stands for all leading dimensions where a
  // shape has "...", block_size is there whenever the step has block tables.
  std::map<std::string, int64_t> dims;
  // The step's sequences in their order; empty for a task without a step. Those that pad have a
  // context of -1, see cases::Case::Sequence.
  struct Sequence {
    int64_t query = 0, context = 0;
    auto operator<=>(const Sequence&) const = default;
  };
  std::vector<Sequence> seqs;
  std::set<std::string> wide;    // float32 tensors of a 16-bit run that could have been 16-bit
  std::set<std::string> absent;  // optional tensors that were not given

  // What follows says nothing about which entry a call belongs to.
  int64_t calls = 0;
  double seconds = 0, self_seconds = 0;  // of all these calls; self: without children
  std::set<std::string> paths;           // of the nodes, see path_patterns()
  std::string implementation;            // "a/x", or "a/x, b/y" where nodes have several
  // Of the first call: inputs of integers and bounded ones of one dimension, by name, and the
  // step's tensors as "step.block_table". Absent: longer than kMostValues, or not exact as double.
  std::map<std::string, std::vector<double>> values;
  static constexpr int64_t kMostValues = 4096;

  // Entries are equal, and ordered, by this.
  auto identity() const {
    return std::tie(task, phase, dtype.code, dtype.bits, init, dims, seqs, wide, absent);
  }
};

// Collects the forwards of every tree that is built with it (LayerOptions::capture). Replays of
// CUDA graphs pass no layer, so it sees a card's steps only where the engine is eager. Times are
// taken with the device idle before and after every call. One thread.
class Capture {
 public:
  Capture();
  ~Capture();
  // Ordered by identity; entries that were never called to the end are left out.
  std::vector<CapturedCall> calls() const;
  // Forgets everything, as after an engine's warm-up. Not during a forward.
  void clear();
  // The entry of `like`'s identity, empty when it is new; stays where it is until clear().
  CapturedCall& entry(CapturedCall&& like);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// `paths` with numbers as "*" wherever the pattern matches none of `others`:
// model.layers.0.mlp, ... -> model.layers.*.mlp.
std::set<std::string> path_patterns(const std::set<std::string>& paths,
                                    const std::set<std::string>& others);

}  // namespace fk::core
