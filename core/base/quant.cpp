// SPDX-License-Identifier: Apache-2.0
#include "core/base/quant.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"

namespace fk::core {
namespace {

struct TypeRow {
  uint32_t number;
  std::string_view name;
  BlockInfo block;
  std::string_view quant = "none";
  bool readable = false;
};
constexpr std::array kTypes{TypeRow{0, "F32", {1, 4}, "none", true},
                            TypeRow{1, "F16", {1, 2}, "none", true},
                            TypeRow{2, "Q4_0", {32, 18}, "q4_0", true},
                            TypeRow{3, "Q4_1", {32, 20}, "q4_1", true},
                            TypeRow{6, "Q5_0", {32, 22}},
                            TypeRow{7, "Q5_1", {32, 24}},
                            TypeRow{8, "Q8_0", {32, 34}, "q8_0", true},
                            TypeRow{9, "Q8_1", {32, 36}},
                            TypeRow{10, "Q2_K", {256, 84}},
                            TypeRow{11, "Q3_K", {256, 110}},
                            TypeRow{12, "Q4_K", {256, 144}, "none", true},
                            TypeRow{13, "Q5_K", {256, 176}},
                            TypeRow{14, "Q6_K", {256, 210}, "none", true},
                            TypeRow{15, "Q8_K", {256, 292}},
                            TypeRow{16, "IQ2_XXS", {256, 66}},
                            TypeRow{17, "IQ2_XS", {256, 74}},
                            TypeRow{18, "IQ3_XXS", {256, 98}},
                            TypeRow{19, "IQ1_S", {256, 50}},
                            TypeRow{20, "IQ4_NL", {32, 18}},
                            TypeRow{21, "IQ3_S", {256, 110}},
                            TypeRow{22, "IQ2_S", {256, 82}},
                            TypeRow{23, "IQ4_XS", {256, 136}},
                            TypeRow{24, "I8", {1, 1}},
                            TypeRow{25, "I16", {1, 2}},
                            TypeRow{26, "I32", {1, 4}},
                            TypeRow{27, "I64", {1, 8}},
                            TypeRow{28, "F64", {1, 8}},
                            TypeRow{29, "IQ1_M", {256, 56}},
                            TypeRow{30, "BF16", {1, 2}, "none", true},
                            TypeRow{34, "TQ1_0", {256, 54}},
                            TypeRow{35, "TQ2_0", {256, 66}},
                            TypeRow{39, "MXFP4", {32, 17}}};

const TypeRow* row(uint32_t type) {
  for (const TypeRow& r : kTypes)
    if (r.number == type) return &r;
  return nullptr;
}

float half_at(const uint8_t* p) {
  uint16_t h;
  std::memcpy(&h, p, 2);
  return f16_to_float(h);
}
void put_half(uint8_t* p, float f) {
  uint16_t h = float_to_f16(f);
  std::memcpy(p, &h, 2);
}

void q4_0(const uint8_t* b, float* y) {
  const float d = half_at(b);
  for (int j = 0; j < 16; ++j) {
    y[j] = d * float(int(b[2 + j] & 15) - 8);
    y[j + 16] = d * float(int(b[2 + j] >> 4) - 8);
  }
}

void q4_1(const uint8_t* b, float* y) {
  const float d = half_at(b), m = half_at(b + 2);
  for (int j = 0; j < 16; ++j) {
    y[j] = d * float(b[4 + j] & 15) + m;
    y[j + 16] = d * float(b[4 + j] >> 4) + m;
  }
}

void q8_0(const uint8_t* b, float* y) {
  const float d = half_at(b);
  for (int j = 0; j < 32; ++j) y[j] = float(int8_t(b[2 + j])) * d;
}

// Eight sub-blocks of 32 with a 6-bit scale and a 6-bit minimum each, packed into 12 bytes.
void q4_k(const uint8_t* b, float* y) {
  const float d = half_at(b), dmin = half_at(b + 2);
  const uint8_t* s = b + 4;
  const uint8_t* q = b + 16;
  for (int k = 0; k < 8; ++k) {
    int scale, minimum;
    if (k < 4) {
      scale = s[k] & 63;
      minimum = s[k + 4] & 63;
    } else {
      scale = (s[k + 4] & 15) | ((s[k - 4] >> 2) & 0x30);
      minimum = (s[k + 4] >> 4) | ((s[k] >> 2) & 0x30);
    }
    const float ds = d * float(scale), dm = dmin * float(minimum);
    const int shift = (k & 1) * 4;
    for (int j = 0; j < 32; ++j)
      y[32 * k + j] = ds * float((q[32 * (k / 2) + j] >> shift) & 15) - dm;
  }
}

// Sixteen sub-blocks of 16: 4 low bits in ql, 2 high bits in qh, an 8-bit scale each.
void q6_k(const uint8_t* b, float* y) {
  const uint8_t *ql = b, *qh = b + 128, *scales = b + 192;
  const float d = half_at(b + 208);
  for (int i = 0; i < 256; ++i) {
    const int half = i / 128, r = i % 128;
    const int low = (ql[64 * half + r % 64] >> (4 * (r / 64))) & 15;
    const int high = (qh[32 * half + r % 32] >> (2 * (r / 32))) & 3;
    y[i] = d * float(int8_t(scales[i / 16])) * float((low | high << 4) - 32);
  }
}

uint8_t nibble(float v) { return uint8_t(std::clamp(std::trunc(v), 0.0f, 15.0f)); }

void to_q4_0(const float* x, uint8_t* b) {
  int largest = 0;
  for (int j = 1; j < 32; ++j)
    if (std::fabs(x[j]) > std::fabs(x[largest])) largest = j;
  const float d = x[largest] / -8, id = d == 0 ? 0 : 1 / d;
  put_half(b, d);
  for (int j = 0; j < 16; ++j)
    b[2 + j] = uint8_t(nibble(x[j] * id + 8.5f) | nibble(x[j + 16] * id + 8.5f) << 4);
}

void to_q4_1(const float* x, uint8_t* b) {
  const auto [low, high] = std::minmax_element(x, x + 32);
  const float m = *low, d = (*high - m) / 15, id = d == 0 ? 0 : 1 / d;
  put_half(b, d);
  put_half(b + 2, m);
  for (int j = 0; j < 16; ++j)
    b[4 + j] = uint8_t(nibble((x[j] - m) * id + 0.5f) | nibble((x[j + 16] - m) * id + 0.5f) << 4);
}

void to_q8_0(const float* x, uint8_t* b) {
  float largest = 0;
  for (int j = 0; j < 32; ++j) largest = std::max(largest, std::fabs(x[j]));
  const float d = largest / 127, id = d == 0 ? 0 : 1 / d;
  put_half(b, d);
  for (int j = 0; j < 32; ++j) b[2 + j] = uint8_t(int8_t(std::round(x[j] * id)));
}

template <class F>
void each_block(const uint8_t* in, std::span<float> out, BlockInfo info, F&& f) {
  for (size_t i = 0; i < out.size(); i += size_t(info.elements), in += info.bytes) f(in, &out[i]);
}

}  // namespace

std::optional<BlockInfo> block_info(uint32_t type) {
  const TypeRow* r = row(type);
  return r && r->readable ? std::optional(r->block) : std::nullopt;
}

std::optional<BlockInfo> block_info(std::string_view quant) {
  std::optional<uint32_t> type = ggml_type_of(quant);
  return type ? block_info(*type) : std::nullopt;
}

std::optional<BlockInfo> ggml_block_size(uint32_t type) {
  const TypeRow* r = row(type);
  return r ? std::optional(r->block) : std::nullopt;
}

std::string ggml_type_name(uint32_t type) {
  const TypeRow* r = row(type);
  return r ? fmt::format("{} ({})", r->name, type) : fmt::format("unknown type {}", type);
}

std::string_view quant_of(uint32_t type) {
  const TypeRow* r = row(type);
  return r ? r->quant : "none";
}

std::optional<uint32_t> ggml_type_of(std::string_view quant) {
  if (quant == "none") return std::nullopt;
  for (const TypeRow& r : kTypes)
    if (r.quant == quant) return r.number;
  return std::nullopt;
}

void dequantize(uint32_t type, const uint8_t* in, std::span<float> out) {
  const std::optional<BlockInfo> info = block_info(type);
  if (!info || out.size() % size_t(info->elements) != 0)
    bad_input("cannot dequantise {} elements of {}", out.size(), ggml_type_name(type));
  switch (GgmlType(type)) {
    case GgmlType::kF32:
      if (!out.empty()) std::memcpy(out.data(), in, out.size_bytes());
      return;
    case GgmlType::kF16:
      for (size_t i = 0; i < out.size(); ++i) out[i] = half_at(in + 2 * i);
      return;
    case GgmlType::kBF16:
      for (size_t i = 0; i < out.size(); ++i) {
        uint16_t h;
        std::memcpy(&h, in + 2 * i, 2);
        out[i] = bf16_to_float(h);
      }
      return;
    case GgmlType::kQ4_0: return each_block(in, out, *info, q4_0);
    case GgmlType::kQ4_1: return each_block(in, out, *info, q4_1);
    case GgmlType::kQ8_0: return each_block(in, out, *info, q8_0);
    case GgmlType::kQ4_K: return each_block(in, out, *info, q4_k);
    case GgmlType::kQ6_K: return each_block(in, out, *info, q6_k);
  }
}

void quantize(std::string_view quant, std::span<const float> in, uint8_t* out) {
  const std::optional<BlockInfo> info = block_info(quant);
  if (!info || in.size() % size_t(info->elements) != 0)
    bad_input("cannot quantise {} elements to {}", in.size(), quant);
  auto* one = quant == "q4_0" ? to_q4_0 : quant == "q4_1" ? to_q4_1 : to_q8_0;
  for (size_t i = 0; i < in.size(); i += size_t(info->elements), out += info->bytes)
    one(&in[i], out);
}

}  // namespace fk::core
