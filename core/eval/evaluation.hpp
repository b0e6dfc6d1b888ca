// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/eval/scenario.hpp"
#include "core/eval/shares.hpp"
#include "core/resolver/admission.hpp"
#include "core/resolver/measurer.hpp"
#include "core/resolver/proof.hpp"
#include "core/score/score.hpp"

namespace fk::eval {

// What computes a model in place of the baselines.
struct Choices {
  core::Plan plan;  // of a dry build, replayed exactly
  // Chosen, and judged wrong before any code of it ran here: they fail the tasks that they are of,
  // and the model with them does not run.
  std::vector<resolver::Refused> refused;
  // Of the plan on the model's first workload, where that was proven already.
  std::optional<resolver::Gain> gain;
  std::optional<resolver::Agreement> agreement;
};

// One part of a model: its share of the time and what became of it.
struct Part {
  Share share;
  std::string workload;
  int level = 1;
  score::CaseResult result;
  std::string code;  // "=" for what the baselines compute; FAST, ..., wrong, refused, unsupported
  std::string text;  // why it failed
  std::vector<std::string> ids;  // of the records
};

struct MetricResult {
  std::string name, text;  // text: for people
  bool passed = false;
  double value = 0, bound = 0;
  core::Json more = core::Json::object();  // other numbers
};

// The whole model on one workload.
struct InPlace {
  resolver::Workload workload;
  resolver::Gain gain;  // of the baselines over the evaluated plan; 1 where they are the same
  bool measured = false;
};

struct ModelResult {
  std::string name, config, family, weights, plan_hash, baseline_hash;
  double weight = 1;
  std::vector<Part> parts;
  std::vector<score::Operator> operators;  // of the parts, by task; weights are shares of the time
  std::map<std::string, int> levels;       // of the tasks
  double other = 0;  // share of the time that others than the baselines compute
  std::vector<InPlace> in_place;
  score::Operator whole;  // the model in place: a case a workload
  std::vector<MetricResult> metrics;
  std::string not_run;  // why the whole model did not
  bool passed() const;
};

struct EvaluateOptions {
  double proof_budget = 10, half_width = 0.005;
  std::filesystem::path cache;  // of what is slow to get and can be had again
};

// `subject.build.policy` is the baselines', without pins. Judges and measures what the Measurer
// does not know. What the plan has was judged, or is before its code runs in this process.
ModelResult evaluate(const ScenarioModel&, const resolver::Subject&, const Choices&,
                     resolver::Measurer&, const EvaluateOptions&,
                     const resolver::Measurer::Progress&);

}  // namespace fk::eval
