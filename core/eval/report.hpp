// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/eval/evaluation.hpp"

namespace fk::eval {

// Everything that is known of a scenario's models, with scores by level, model and family and of
// all: every number that a sheet shows is in here. `models` are in the scenario's order.
core::Json report_of(const Scenario&, const std::vector<ModelResult>& models);

// {"score": ..., "middle": ..., "high": ..., "speed", "pass", "coverage", "fast_1", "fast_1.2",
// "sol"}
core::Json to_json(const score::Score&);

}  // namespace fk::eval
