// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fk::core {

// GGUF tensor types that we read; numbers are those of the file format (ggml_type).
enum class GgmlType : uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ8_0 = 8,
  kQ4_K = 12,
  kQ6_K = 14,
  kBF16 = 30
};

struct BlockInfo {
  int64_t elements;
  int64_t bytes;
};  // of one block; plain types have 1 element
// Of the types above; nullopt for any other number.
std::optional<BlockInfo> block_info(uint32_t ggml_type);
// Of a value of the registry's `quant` enum ("q4_1"); nullopt for "none" and unknown names.
std::optional<BlockInfo> block_info(std::string_view quant);
// Exact fp32 values of whole blocks; out.size() elements. `blocks` needs no alignment. The type
// must have a block_info. Equal bit for bit to the gguf package (and ggml's scalar code).
void dequantize(uint32_t ggml_type, const uint8_t* blocks, std::span<float> out);
// Rounds whole blocks to q4_0, q4_1 or q8_0, bit for bit as the gguf package does. For tests and
// seeded weights.
void quantize(std::string_view quant, std::span<const float> values, uint8_t* blocks);

// "Q4_1 (3)", also for known types that we cannot read ("Q5_K (13)"); "unknown type 99".
std::string ggml_type_name(uint32_t ggml_type);
// Size of a block of any type that the format defines, readable or not; nullopt for unknown
// numbers.
std::optional<BlockInfo> ggml_block_size(uint32_t ggml_type);
// The `quant` value of a type ("q4_1"); "none" for plain types and those that implementations do
// not take.
std::string_view quant_of(uint32_t ggml_type);
// The type of a `quant` value; nullopt for "none" and unknown names.
std::optional<uint32_t> ggml_type_of(std::string_view quant);

}  // namespace fk::core
