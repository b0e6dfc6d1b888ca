// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/spec/task_spec.hpp"
#include "core/weights/tensor_file.hpp"

namespace fk::core {

// What a param must be: its full path ("model.layers.0.mlp.gate_up_proj.weight"), shape and dtype
// after evaluation of its spec. quant is the init's quantisation when the param is a `blocks`
// tensor ("q4_1"), otherwise "none".
struct ParamRequest {
  std::string path;
  std::vector<int64_t> shape;
  fk_dtype dtype;
  std::string quant = "none";
  int64_t tp_size = 1;  // of the task it belongs to: above 1, shape is that of a rank's share
};

// One weight handed over in memory, by the path of its param.
struct HostTensor {
  std::string path;
  std::vector<int64_t> shape;
  fk_dtype dtype;
  std::vector<uint8_t> bytes;
};

// The weights of one model by path, in the canonical layout on the host. Tensors are shared: two
// paths with one source (tied embeddings) give one copy. A tensor that needs no change points into
// the mapped file and has the file's alignment (at least that of its dtype; GGUF 32); what the
// store makes itself is 256-byte aligned. Thread-compatible: one build thread. Big conversions run
// on a few threads of their own.
class WeightStore {
 public:
  // From a file or folder through a name map (configs/weights/*.yaml).
  static std::unique_ptr<WeightStore> open(std::shared_ptr<TensorFile>,
                                           const std::filesystem::path& name_map, const Json& init);
  // Seeded random weights: the same bytes as tools/seeded_weights.py. Uses the name map's source
  // names, so that an upstream implementation can load them.
  static std::unique_ptr<WeightStore> seeded(uint64_t seed, const std::filesystem::path& name_map,
                                             const Json& init);
  // For tests and tools: params given as they are, copied. get() wants exactly these shapes and
  // dtypes.
  static std::unique_ptr<WeightStore> from_tensors(std::vector<HostTensor>);
  virtual ~WeightStore() = default;
  // Valid as long as the store. Throws for a missing tensor (with the nearest name) or a wrong
  // shape or dtype. Plain and block types are converted to float32, bfloat16, float16 or float64
  // (round to nearest even); a finite value that float16 cannot hold is an error. Blocks
  // (request.quant) are given as the file has them. Files and seeds give whole tensors: a rank's
  // share of one is refused, never read from its beginning.
  virtual const fk_tensor* get(const ParamRequest&) = 0;
  // For who copies the tensor elsewhere anyway: its bytes as runs of the mapped files, where it is
  // several of them one after another and nothing else, so that no copy is made on the host. Empty
  // otherwise: get() it. Throws as get() does.
  virtual std::vector<std::span<const uint8_t>> runs(const ParamRequest&) { return {}; }
  // After the build: source tensors nobody asked for and the map does not ignore. Non-empty is an
  // error for the caller to raise.
  virtual std::vector<std::string> unused() const = 0;
  virtual size_t bytes() const = 0;  // held in memory by the store, mapped files not counted
};

// The task init that a weight file implies: from HF config.json or GGUF metadata through the map's
// `init:` section. A mapping that cannot represent the file (other architecture, rope type,
// activation) throws. `keep_quant`: quant fields are set to what the file holds where all tensors
// of that group agree and `quant` knows it.
Json init_from_file(const TensorFile&, const std::filesystem::path& name_map, bool keep_quant);

}  // namespace fk::core
