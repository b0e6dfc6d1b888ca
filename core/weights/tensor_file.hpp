// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base/quant.hpp"
#include "fk/abi.h"

namespace fk::core {

// One tensor of a weight file, mapped read-only. Shape is row-major, slowest dimension first, whatever the file says.
struct FileTensor {
  std::string name;
  std::vector<int64_t> shape;
  uint32_t ggml_type = 0;          // GgmlType for GGUF; for safetensors the matching plain type, or kNotGgml
  static constexpr uint32_t kNotGgml = ~0u;
  fk_dtype dtype{};                // of plain tensors; uint8 for block types
  const uint8_t* data = nullptr;
  size_t bytes = 0;
  std::string file;                // for messages
};

// A weight file or folder (safetensors, sharded safetensors with index, GGUF v3), checked and mapped at open.
// Throws Error with the file, the tensor and the byte offsets for anything truncated, overlapping, misaligned or out of bounds.
class TensorFile {
 public:
  static std::shared_ptr<TensorFile> open(const std::filesystem::path&);
  virtual ~TensorFile() = default;
  const FileTensor* find(std::string_view name) const;
  const std::map<std::string, FileTensor, std::less<>>& tensors() const { return tensors_; }
  virtual const nlohmann::ordered_json& metadata() const = 0;   // GGUF keys (big arrays included), safetensors __metadata__, HF config.json as "config"
  virtual std::string format() const = 0;                        // "gguf" or "safetensors"

 protected:
  std::map<std::string, FileTensor, std::less<>> tensors_;
};

}  // namespace fk::core
