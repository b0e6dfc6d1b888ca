// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/cli/judge_flags.hpp"
#include "core/cli/model_flags.hpp"
#include "core/resolver/resolver.hpp"

namespace fk::core {

// How a session's model is resolved.
struct BestFlags {
  resolver::ResolveOptions options;
  double case_budget = 1;                        // seconds of measuring a case, at most
  double largest_case = cases::kMostOperations;  // that is measured
  record::Recorder* recorder = nullptr;          // of the command
};

// Whether the flags ask for the policy `best`: by name, or without any where there is a store.
bool wants_best(const ModelFlags&);

// --cases DIR of a command that resolves.
void add_cases_flag(CLI::App&, ModelFlags&);

// What a model is resolved for unless somebody says: 1x64/16, an encoder's 16x64/0, shorter where
// its context is.
resolver::Workload default_workload(const Session&);

// The Judge, the plugins and the store for models that run as this session's. Throws Error for a
// device that nothing is judged on.
struct Measuring {
  Court court;
  resolver::Measurer measurer;
  Measuring(const Session&, const ModelFlags&, const BestFlags&);
};

// The session's model, to be built with one choice or another. On a card the weights of all that
// are built of it lie there once.
resolver::Subject subject_of(const Session&, std::shared_ptr<WeightStore>);

// Resolves the session's model and gives it the policy that was found. Progress goes to stderr.
resolver::Resolution resolve(Session&, Measuring&, BestFlags);

// The same for a command that only wants to run the model: judges and measures candidates that are
// new, says on stderr in a line each what was adopted and what was not and why, and goes on with
// the baselines where that is not possible.
void choose_best(Session&, const ModelFlags&);

// Those lines.
std::vector<std::string> finding_lines(const resolver::Resolution&);
// "the model 1.031x [1.02, 1.04] (prefill ..., decode ...), of which the parts promise 1.033x"
std::string gain_text(const resolver::Resolution&);

}  // namespace fk::core
