// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/cli/judge_flags.hpp"
#include "core/cli/model_flags.hpp"
#include "core/cli/store_flags.hpp"
#include "core/record/compare.hpp"
#include "core/resolver/proof.hpp"

namespace fk::core {

// The flags of `fk compare`.
struct CompareFlags {
  JudgeFlags judge;
  RecordFlags store;
  std::vector<std::string> versions;  // TASK:plugin[/name][@hash] or plans, two of them
  std::string svg, config, workload;
  std::string where;  // in the model: [decode|prefill][@path-pattern], "": everywhere
  bool no_measure = false;
  double budget = 3;  // seconds a case
  int rounds = 5, builds = 6;
};

// One of the two: which version it is, and its file where there is one.
struct CompareSide {
  record::Version version;
  std::optional<Subject> subject;
  std::string missing;  // why it cannot be run
  std::string text() const { return version.implementation + "@" + version.hash.substr(0, 8); }
};

// A model with one of the two: the baselines but for a version, pinned where the flags say; the
// choices of a saved plan, or for "baseline" no others than the baselines.
ModelFlags with_version(const CompareFlags&, const std::string& task, const CompareSide&);
bool is_plan(const std::string& word);  // "baseline" and what is called .yaml or .yml
ModelFlags with_plan(const CompareFlags&, const std::string& word);

// Both in a model, in turn: its time with the first over that with the second.
struct InModel {
  resolver::Workload workload;
  resolver::Gain gain;
};
InModel compare_in_model(const CompareFlags&, const ModelFlags& first, const ModelFlags& second);

}  // namespace fk::core
