// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <vector>

#include "core/judge/cases/mirror.hpp"
#include "core/judge/cases/run_case.hpp"

namespace fk::cases {

// A call's tensors where a model's device has them, filled with the case's numbers. Keeps a
// reference to the call.
class PlacedCall {
 public:
  PlacedCall(core::Model&, const Call&, fk_dtype dtype);
  PlacedCall(const PlacedCall&) = delete;
  PlacedCall& operator=(const PlacedCall&) = delete;
  // As Model::run takes them; null for a task without a step.
  const void* step() { return call_.step ? call_.step->value.data() : nullptr; }
  const void* args() { return args_.data(); }
  // After the device is done: what was written, and what should not have been.
  void read(Outcome&);

 private:
  const Call& call_;
  core::StructValue args_;
  std::vector<std::unique_ptr<HostTensor>> tensors_;
  std::vector<std::unique_ptr<Mirror>> mirrors_, step_mirrors_;
  std::vector<std::vector<double>> given_;
};

}  // namespace fk::cases
