// SPDX-License-Identifier: Apache-2.0
// y = x * w^T + bias for a weight matrix in any storage: chooses between the kernels for few and
// for many rows of x and splits the work over threads. Knows nothing of tasks or of the ABI.
#pragma once
#include <cstddef>

#include "kernels.hpp"
#include "workers.hpp"

namespace fkcpu {

struct Rows {  // a matrix of activations; rows `stride` elements apart
  void* data;
  Type type;
  int64_t stride;
};

class Matrix {
 public:
  Matrix() = default;
  // Row-major [out, in], contiguous; the memory stays the caller's.
  static Matrix dense(Type type, const void* weights, int64_t out, int64_t in);
  // `packed` as written by pack().
  static Matrix quantised(Quant quant, const uint8_t* packed, int64_t out, int64_t in);
  static size_t packed_bytes(Quant quant, int64_t out, int64_t in);
  // Repacks rows of GGUF blocks for groups [begin, end) of 16 rows; rows past `out` become zeros.
  static void pack(Quant quant, const uint8_t* blocks, int64_t out, int64_t in, int64_t begin,
                   int64_t end, uint8_t* to);
  static int64_t groups(int64_t out) { return (out + kGroup - 1) / kGroup; }

  // bias: fp32, round_up(out, 16) of them, or null.
  void multiply(const Rows& x, int64_t n, const Rows& y, const float* bias, const Workers& workers,
                const Kernels& kernels) const;

 private:
  void few_rows(const Rows&, int64_t n, const Rows&, const float* bias, const Workers&,
                const Kernels&) const;
  void many_rows(const Rows&, int64_t n, const Rows&, const float* bias, const Workers&,
                 const Kernels&) const;

  bool is_quant_ = false;
  Type type_ = Type::kF32;
  Quant quant_ = Quant::kQ4_0;
  const uint8_t* data_ = nullptr;
  int64_t out_ = 0, in_ = 0;
};

}  // namespace fkcpu
