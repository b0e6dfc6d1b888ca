// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "core/engine/step_batch.hpp"
#include "core/engine/step_tensor.hpp"
#include "core/runtime/model.hpp"

namespace fk::core {

// Picks the next tokens through the task `sample`: any implementation of it can be pinned or
// measured like every other. On the device of the model whose logits it reads.
class Sampler {
 public:
  Sampler(const Catalog&, const BuildOptions&, std::shared_ptr<Device>, int64_t max_rows,
          StepTensor& logits);
  // How the first rows of logits are to be sampled, sent to the device; rows after `rows` up to
  // `padded` take the largest. Allocates nothing.
  void fill(const std::vector<StepBatch::Row>& rows, int64_t count, int64_t padded);
  void forward(bool capturing = false);
  // The ids on the device, one a row, as long as no other forward() came after.
  const StepTensor& token_ids() const { return token_ids_; }
  Model& model() { return *model_; }
  const Model& model() const { return *model_; }

 private:
  std::unique_ptr<Model> model_;
  StepPack pack_;
  StepTensor &temperature_, &top_k_, &top_p_, &min_p_, &seed_, &offset_;
  OwnedTensor token_ids_;
  StepTensor& all_logits_;
  StepTensor logits_;  // the rows that are sampled
  StructValue args_;
};

}  // namespace fk::core
