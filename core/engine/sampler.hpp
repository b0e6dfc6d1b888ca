// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "core/engine/step_batch.hpp"
#include "core/engine/step_tensor.hpp"
#include "core/runtime/model.hpp"

namespace fk::core {

// Picks the next tokens through the task `sample`: any implementation of it can be pinned or
// measured like every other.
class Sampler {
 public:
  Sampler(const Catalog&, const BuildOptions&, int64_t max_rows);
  // One id for each of the first `count` rows; `logits` has at least that many. Valid until the
  // next call. Allocates nothing.
  const int32_t* sample(StepTensor& logits, const std::vector<StepBatch::Row>& rows, int64_t count);
  const Model& model() const { return *model_; }

 private:
  std::unique_ptr<Model> model_;
  StepTensor temperature_, top_k_, top_p_, min_p_, seed_, offset_, token_ids_;
  StructValue args_;
};

}  // namespace fk::core
