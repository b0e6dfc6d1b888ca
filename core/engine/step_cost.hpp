// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/step_size.hpp"
#include "core/resolve/plan.hpp"
#include "core/spec/registry.hpp"

namespace fk::core {

// Bytes that a step has to move and floating-point operations that it has to do.
struct StepCost {
  double bytes = 0, flops = 0;
  StepCost& operator+=(const StepCost& o) {
    bytes += o.bytes;
    flops += o.flops;
    return *this;
  }
};

// The cost of a step of a model, out of the registry: the sum of `bytes` and `flops` of the
// outermost tasks below the root that give them (embedding, layers, head). The root's own
// expressions count only where the root has no children: they take an embedding table for a matrix
// that every token goes through, and the head for one that every row does.
class CostModel {
 public:
  CostModel(const Registry&, const Plan&, fk_dtype run_dtype);
  StepCost of(const StepSize&) const;
  // Nothing for flops where weights are quantised: their elements are not those of their tensors.
  bool has_bytes() const { return !bytes_.empty(); }
  bool has_flops() const { return !flops_.empty(); }
  // Tasks that neither expression could be evaluated for, nor for what they are made of.
  const std::vector<std::string>& ignored() const { return ignored_; }

 private:
  struct Term {  // nodes with one task, init and size of weights
    Expr expr;
    Json init;
    int64_t weight_bytes, weight_elements, count;
  };
  using Which = std::optional<Expr> TaskSpec::*;
  std::vector<Term> terms(const Registry&, const Plan&, Which);
  double value(const Term&, const StepSize&) const;
  double sum(const std::vector<Term>&, const StepSize&) const;
  int64_t element_;
  std::vector<Term> bytes_, flops_;
  std::vector<std::string> ignored_;
};

}  // namespace fk::core
