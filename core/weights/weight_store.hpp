// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/spec/task_spec.hpp"
#include "core/weights/tensor_file.hpp"

namespace fk::core {

// What a param must be: its full path ("model.layers.0.mlp.gate_up_proj.weight"), shape and dtype after evaluation of its
// spec. quant is the init's quantisation when the param is a `blocks` tensor ("q4_1"), otherwise "none".
struct ParamRequest { std::string path; std::vector<int64_t> shape; fk_dtype dtype; std::string quant = "none"; };

// The weights of one model by path, in the canonical layout on the host (CPU memory, 256-byte aligned or mapped).
// Tensors are shared: two paths with one source (tied embeddings) give one copy.
class WeightStore {
 public:
  // From a file or folder through a name map (configs/weights/*.yaml).
  static std::unique_ptr<WeightStore> open(std::shared_ptr<TensorFile>, const std::filesystem::path& name_map, const Json& init);
  // Seeded random weights: the same bytes as tools/seeded_weights.py. Uses the name map's source names, so that an
  // upstream implementation can load them.
  static std::unique_ptr<WeightStore> seeded(uint64_t seed, const std::filesystem::path& name_map, const Json& init);
  virtual ~WeightStore() = default;
  // Valid as long as the store. Throws for a missing tensor (with the nearest name) or a wrong shape or dtype.
  virtual const fk_tensor* get(const ParamRequest&) = 0;
  // After the build: source tensors nobody asked for and the map does not ignore. Non-empty is an error for the caller to raise.
  virtual std::vector<std::string> unused() const = 0;
  virtual size_t bytes() const = 0;   // held in memory by the store, mapped files not counted
};

// The task init that a weight file implies: from HF config.json or GGUF metadata through the map's `init:` section.
// `keep_quant`: quant fields are set to what the file holds where all tensors of that group agree and `quant` knows it.
Json init_from_file(const TensorFile&, const std::filesystem::path& name_map, bool keep_quant);

}  // namespace fk::core
