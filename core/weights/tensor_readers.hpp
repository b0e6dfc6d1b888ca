// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "core/base/json.hpp"
#include "core/weights/mapped_file.hpp"
#include "core/weights/tensor_file.hpp"

namespace fk::core {

using TensorMap = std::map<std::string, FileTensor, std::less<>>;

// What one file says, its tensors pointing into the bytes that were given.
struct ParsedFile {
  TensorMap tensors;
  nlohmann::ordered_json metadata = nlohmann::ordered_json::object();
};

ParsedFile parse_safetensors(std::span<const uint8_t>, const std::string& name);
ParsedFile parse_gguf(std::span<const uint8_t>, const std::string& name);

// The shards that an index names, as one file; the mappings are handed over in `maps`.
ParsedFile parse_shards(const std::filesystem::path& index,
                        std::vector<std::shared_ptr<const MappedFile>>& maps);

// "[2, 3]"
std::string shape_text(std::span<const int64_t>);
// Product of the dimensions; nullopt on overflow of int64.
std::optional<int64_t> element_count(std::span<const int64_t>);

}  // namespace fk::core
