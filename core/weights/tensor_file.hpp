// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/quant.hpp"
#include "fk/abi.h"

namespace fk::core {

// One tensor of a weight file, mapped read-only. Shape is row-major, slowest dimension first,
// whatever the file says.
struct FileTensor {
  std::string name;
  std::vector<int64_t> shape;
  uint32_t ggml_type =
      0;  // GgmlType for GGUF; for safetensors the matching plain type, or kNotGgml
  static constexpr uint32_t kNotGgml = ~0u;
  fk_dtype dtype{};  // of plain tensors; uint8 for block types
  const uint8_t* data =
      nullptr;  // aligned to the dtype's size; GGUF: to the file's alignment (32 unless it says so)
  size_t bytes = 0;
  std::string file;  // for messages

  // "bfloat16", or "Q4_1 (3)" for what has no dtype of ours.
  std::string type_name() const;
  bool plain() const;  // dtype says all: no blocks, no type we cannot read
};

// A weight file or folder (safetensors, sharded safetensors with index, GGUF v3), checked and
// mapped at open. Throws Error with the file, the tensor and the byte offsets for anything
// truncated, overlapping, misaligned or out of bounds. Every count in a file is compared with the
// bytes that are left before memory is taken for it. A GGUF tensor of a type that we cannot read is
// kept: it is an error once somebody asks for its values.
class TensorFile {
 public:
  // A folder holds model.safetensors, model.safetensors.index.json with its shards, or one
  // *.safetensors or *.gguf. A file is told by its first bytes, not by its name. config.json beside
  // safetensors is read too.
  static std::shared_ptr<TensorFile> open(const std::filesystem::path&);
  // One file's bytes, which must outlive the result; `name` is for messages. For tests and fuzzing.
  static std::shared_ptr<TensorFile> parse(std::span<const uint8_t>, const std::string& name);
  virtual ~TensorFile() = default;
  const FileTensor* find(std::string_view name) const;
  const std::map<std::string, FileTensor, std::less<>>& tensors() const { return tensors_; }
  virtual const nlohmann::ordered_json& metadata()
      const = 0;  // GGUF keys (big arrays included), safetensors __metadata__, HF config.json as
                  // "config"
  virtual std::string format() const = 0;            // "gguf" or "safetensors"
  const std::string& name() const { return name_; }  // the path given to open, for messages

 protected:
  std::map<std::string, FileTensor, std::less<>> tensors_;
  std::string name_;
};

}  // namespace fk::core
