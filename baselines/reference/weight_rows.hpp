// SPDX-License-Identifier: Apache-2.0
// A weight matrix, plain or in GGUF blocks, as rows of doubles.
#pragma once
#include <cinttypes>
#include <cstring>

#include "fk/structs/quant.h"
#include "storage.hpp"

namespace fk::reference {

// One block of 32 weights. The value of a block element is a float by definition of the formats: it
// is rounded to float here as well, so that every implementation means the same number.
inline void dequantize_block(int32_t quant, const uint8_t* b, double* out) {
  auto half = [&](int at) {
    Float16 h;
    std::memcpy(&h, b + at, 2);
    return float(widen(h));
  };
  const float d = half(0);
  if (quant == FK_QUANT_Q8_0) {  // f16 d, 32 x i8
    for (int j = 0; j < 32; ++j) out[j] = d * float(int8_t(b[2 + j]));
  } else if (quant == FK_QUANT_Q4_0) {  // f16 d, 16 bytes: low nibbles are elements 0-15
    for (int j = 0; j < 16; ++j) {
      out[j] = d * float((b[2 + j] & 15) - 8);
      out[j + 16] = d * float((b[2 + j] >> 4) - 8);
    }
  } else {  // q4_1: f16 d, f16 m, 16 bytes
    const float m = half(2);
    for (int j = 0; j < 16; ++j) {
      out[j] = d * float(b[4 + j] & 15) + m;
      out[j + 16] = d * float(b[4 + j] >> 4) + m;
    }
  }
}

inline int64_t block_bytes(int32_t quant) {
  return quant == FK_QUANT_Q8_0 ? 34 : quant == FK_QUANT_Q4_0 ? 18 : 20;
}

// The param `weight` [rows, columns], or `blocks` when quant says so.
class WeightRows {
 public:
  WeightRows(Builder& b, int32_t quant, int64_t columns)
      : tensor_(b.param(quant == FK_QUANT_NONE ? "weight" : "blocks")),
        quant_(quant),
        columns_(columns) {
    FK_REQUIRE(quant == FK_QUANT_NONE || columns % 32 == 0,
               "a quantised row has whole blocks of 32 weights; %" PRId64 " columns are not",
               columns);
  }
  void row(int64_t r, double* out) const {
    if (quant_ == FK_QUANT_NONE) return load_row(tensor_, r, out);
    const uint8_t* p = tensor_.data<uint8_t>() + row_offset(tensor_, r);
    for (int64_t i = 0; i < columns_; i += 32, p += block_bytes(quant_))
      dequantize_block(quant_, p, out + i);
  }

 private:
  Tensor tensor_;
  int32_t quant_;
  int64_t columns_;
};

}  // namespace fk::reference
