// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "core/engine/config.hpp"
#include "core/runtime/model.hpp"

namespace fk::core {

// Drives a task of `interface: encoder`: batches of token sequences in, one vector a sequence out.
// Packs sequences of mixed lengths without padding, at most options.max_num_batched_tokens a step.
// One thread drives it.
class EncoderEngine {
 public:
  // `weights` and `init` as for Model::build; `task` is the L4 task. Throws Error.
  static std::unique_ptr<EncoderEngine> build(const Catalog&, std::shared_ptr<WeightStore> weights,
                                              const std::string& task, const Json& init,
                                              const BuildOptions&, const EngineOptions&);
  ~EncoderEngine();
  // One embedding for every sequence, in order. Throws Error for an empty sequence or one longer
  // than max_tokens().
  std::vector<std::vector<float>> embed(std::span<const std::vector<int32_t>> sequences);
  // What every batch of the last embed() took, in order.
  const std::vector<double>& batch_seconds() const;
  int64_t max_tokens()
      const;  // longest sequence: options.max_model_len, else the task's max_position_embeddings
  int64_t dimension() const;  // of an embedding
  const Model& model() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  explicit EncoderEngine(std::unique_ptr<Impl>);
};

}  // namespace fk::core
