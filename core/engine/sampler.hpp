// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "core/engine/request.hpp"
#include "core/engine/step_tensor.hpp"
#include "core/runtime/model.hpp"

namespace fk::core {

// Picks the next tokens through the task `sample`: any implementation of it can be pinned or
// measured like every other. On the device of the model whose logits it reads.
class Sampler {
 public:
  Sampler(const Catalog&, const BuildOptions&, std::shared_ptr<Device>, int64_t max_rows,
          StepTensor& logits);
  void resize(int64_t rows);  // how many of the first rows of logits are sampled
  // `args`: of SamplingInputs.
  void forward(const void* args, bool capturing = false);
  const StepTensor& logits() const { return logits_; }  // the rows that are sampled
  // The ids on the device, one a row, as long as no other forward() came after.
  const StepTensor& token_ids() const { return token_ids_; }
  Model& model() { return *model_; }
  const Model& model() const { return *model_; }

 private:
  std::unique_ptr<Model> model_;
  OwnedTensor token_ids_;
  StepTensor& all_logits_;
  StepTensor logits_;
};

// How the rows of a step are to be sampled; they go to the device with the pack.
class SamplingInputs {
 public:
  SamplingInputs(StepPack&, Sampler&, int64_t max_rows);  // before pack.allocate()
  void set(int64_t row, const SamplingParams&, int64_t offset);
  void set_offset(int64_t row, int64_t offset) { offset_.data<int64_t>()[row] = offset; }
  void resize(int64_t rows);
  const void* args() const { return args_.data(); }

 private:
  StepTensor &temperature_, &top_k_, &top_p_, &min_p_, &seed_, &offset_;
  StructValue args_;
};

}  // namespace fk::core
