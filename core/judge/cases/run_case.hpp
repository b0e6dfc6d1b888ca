// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/judge/cases/problem.hpp"
#include "core/runtime/model.hpp"

namespace fk::cases {

// Every output and every mutable input after the call (of every step, for tasks that own a state),
// and every state after the last, as doubles.
struct Outcome {
  std::map<std::string, std::vector<double>> tensors;
  std::vector<std::string>
      overwritten;  // tensors with writes outside their elements, and inputs that changed
  std::string implementation;  // of the root
  std::string refused;         // why forward said FK_UNSUPPORTED; then there is nothing else
};

// The task built with `policy` on `device`, as far as that can be seen without one: why it cannot
// be built, or "".
std::string unsupported(const core::Catalog&, const core::TaskSpec&, const Case&,
                        const core::Policy&, fk_device device);

// The root of `policy` for one case. `dry`: the tree alone. Throws core::Error.
std::unique_ptr<core::Model> build_case(const core::Catalog&, const core::TaskSpec&, const Case&,
                                        fk_dtype dtype, const core::Policy&,
                                        std::shared_ptr<core::WeightStore> weights,
                                        fk_device device = {FK_CPU, 0}, bool dry = false,
                                        const core::LayerOptions& layers = {});

// Every call of the problem in this process, on the model's device.
Outcome run_problem(core::Model&, const Problem&, fk_dtype dtype);

// Builds the task in `dtype` and runs it on the case's inputs, which depend on the case alone: a
// float64 run sees the numbers of a bfloat16 run, if `weights` was made for the case's dtype.
// Throws core::Error when the task cannot be built or forward fails otherwise than by refusing.
Outcome run_case(const core::Catalog&, const core::TaskSpec&, const Case&, fk_dtype dtype,
                 const core::Policy&, std::shared_ptr<core::WeightStore> weights,
                 fk_device device = {FK_CPU, 0});

}  // namespace fk::cases
