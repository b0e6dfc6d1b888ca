// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace fk::core {

// GGUF tensor types that we read; numbers are those of the file format (ggml_type).
enum class GgmlType : uint32_t { kF32 = 0, kF16 = 1, kQ4_0 = 2, kQ4_1 = 3, kQ8_0 = 8, kQ4_K = 12, kQ6_K = 14, kBF16 = 30 };

struct BlockInfo { int64_t elements; int64_t bytes; };  // of one block; plain types have 1 element
std::optional<BlockInfo> block_info(uint32_t ggml_type);
// Of a value of the registry's `quant` enum ("q4_1"); nullopt for "none" and unknown names.
std::optional<BlockInfo> block_info(std::string_view quant);
// Exact fp32 values of whole blocks; out.size() elements.
void dequantize(uint32_t ggml_type, const uint8_t* blocks, std::span<float> out);

}  // namespace fk::core
