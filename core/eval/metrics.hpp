// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>

#include "core/eval/evaluation.hpp"

namespace fk::eval {

// What a family's models must compute still. `plan`: what is evaluated. `same`: it is the
// baselines' own, which are then looked at in its place.
struct Measured {
  const ScenarioModel& model;
  const resolver::Subject& subject;
  const core::Plan &baseline, &plan;
  std::filesystem::path cache;
  bool same() const { return baseline.hash() == plan.hash(); }
};

MetricResult logits_metric(const MetricSpec&, const resolver::Agreement&);
MetricResult perplexity_metric(const Measured&);
// The least cosine and, where the scenario has a query, the ranking.
std::vector<MetricResult> embedding_metrics(const Measured&);

}  // namespace fk::eval
