// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/base/laps.hpp"
#include "core/resolver/measurer.hpp"
#include "core/resolver/proof.hpp"
#include "core/resolver/space.hpp"

namespace fk::resolver {

struct ResolveOptions {
  Workload workload;
  // A folder of `fk run --capture`: its calls are the cases that parts are measured on, by their
  // shares of its time; empty: those of a round of the workload. The proof is of the workload.
  std::filesystem::path cases;
  std::optional<int64_t> memory_budget;  // bytes that implementations may keep, in all
  // Only candidates are judged and measured where the store has nothing; baselines that compete
  // with the chosen one stand for themselves as far as they were measured before.
  bool candidates_only = false;
  double proof_budget = 10;  // seconds a comparison of whole models, at most
  double half_width = 0.005;
  std::filesystem::path cache;  // of what is slow to get and can be had again
};

// Why something else than the baseline computes a sub-problem, or does not.
struct Finding {
  std::string task, path, implementation;  // path: of one of its nodes
  bool chosen = false;
  std::string phase;               // the one that it was chosen for, "" for all that there are
  std::string reason;              // for people
  std::string kept_out;            // of one that was better alone: what was wrong in place
  core::search::PerPhase alone{};  // speedup by phase; 0 where nothing was measured
};

struct Resolution {
  core::Policy policy;  // `best` with what was found
  core::Plan plan;
  bool is_baseline = true;
  std::vector<Finding> findings;
  core::search::PerPhase predicted{1, 1};  // speedup of the model by phase, from the parts
  double predicted_whole = 1;
  std::optional<Agreement> agreement;
  std::optional<Gain> gain;
  std::string proof_id;  // of the plan's record; of an earlier run when nothing was proven now
  bool proven_before = false;
  std::vector<std::string> notes;  // Amdahl, what was left out, ...
  size_t subs = 0, builds = 0, judged = 0, measured = 0, known = 0;
  bool exact = true;
  double search_seconds = 0, seconds = 0;
  core::Laps laps;  // where they went
  core::Json to_json() const;
};

// Finds the plan that makes the model fastest on the workload: all that it can be made of, what the
// Judge and the store say of every part, the optimum of their sum, and the proof of that in the
// whole model; what does not pay there is left out and the rest resolved again.
class Resolver {
 public:
  using Progress = std::function<void(const std::string&)>;
  // Keeps references.
  Resolver(const Subject&, Measurer&, ResolveOptions, Progress);
  ~Resolver();
  Resolution resolve();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fk::resolver
