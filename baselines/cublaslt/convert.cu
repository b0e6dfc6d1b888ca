// SPDX-License-Identifier: Apache-2.0
// Quantised weights become floats once, at build: a float holds d * q (+ m) as the formats define
// it, which no 16-bit type does. Neither kernel is on a path that is meant to be fast.
#include "convert.hpp"
#include "fk/cuda.hpp"
#include "fk/device/pdl.cuh"
#include "fk/device/vec.cuh"
#include "fk/structs/quant.h"

namespace fk::cublaslt {
namespace {

using device::from_float;
using device::to_float;

constexpr int kThreads = 256;

__device__ float half_at(const uint8_t* p) {  // blocks have no alignment
  return __half2float(__ushort_as_half(uint16_t(p[0] | p[1] << 8)));
}

// A thread an element. The product is rounded to float before the sum, as the definition has it.
__global__ void dequantize_kernel(int32_t quant, const uint8_t* blocks, int64_t row_bytes, float* w,
                                  int64_t total, int64_t in) {
  const int64_t i = int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= total) return;
  const int64_t row = i / in, column = i % in;
  const int j = int(column % 32);
  const int bytes = quant == FK_QUANT_Q8_0 ? 34 : quant == FK_QUANT_Q4_0 ? 18 : 20;
  const uint8_t* b = blocks + row * row_bytes + column / 32 * bytes;
  const float d = half_at(b);
  if (quant == FK_QUANT_Q8_0) {
    w[i] = __fmul_rn(d, float(int8_t(b[2 + j])));
    return;
  }
  const uint8_t pair = b[(quant == FK_QUANT_Q4_0 ? 2 : 4) + j % 16];
  const int q = j < 16 ? pair & 15 : pair >> 4;
  w[i] = quant == FK_QUANT_Q4_0 ? __fmul_rn(d, float(q - 8))
                                : __fadd_rn(__fmul_rn(d, float(q)), half_at(b + 2));
}

template <class From, class To>
__global__ void convert_kernel(const From* src, int64_t src_row, To* dst, int64_t dst_row,
                               int64_t total, int64_t columns) {
  device::launch_next();
  device::wait_for_previous();
  const int64_t i = int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= total) return;
  const int64_t row = i / columns, column = i % columns;
  dst[row * dst_row + column] = from_float<To>(to_float(src[row * src_row + column]));
}

template <class F>
void with_type(fk_dtype d, const F& f) {
  if (d == kFloat32) return f(float());
  if (d == kBFloat16) return f(__nv_bfloat16());
  if (d == kFloat16) return f(__half());
  throw Error(FK_UNSUPPORTED, "conversion of dtype code %d with %d bits", d.code, d.bits);
}

unsigned blocks_for(int64_t elements) { return unsigned((elements + kThreads - 1) / kThreads); }

}  // namespace

void launch_dequantize(int32_t quant, const uint8_t* blocks, int64_t row_bytes, float* w,
                       int64_t out, int64_t in, cudaStream_t stream) {
  launch(dequantize_kernel, blocks_for(out * in), kThreads, 0, stream, false, quant, blocks,
         row_bytes, w, out * in, in);
}

void launch_convert(const void* src, fk_dtype from, int64_t src_row, void* dst, fk_dtype to,
                    int64_t dst_row, int64_t rows, int64_t columns, bool pdl, cudaStream_t stream) {
  with_type(from, [&](auto f) {
    with_type(to, [&](auto t) {
      using From = decltype(f);
      using To = decltype(t);
      if constexpr (std::is_same_v<From, To> || std::is_same_v<From, float> ||
                    std::is_same_v<To, float>)
        launch(convert_kernel<From, To>, blocks_for(rows * columns), kThreads, 0, stream, pdl,
               static_cast<const From*>(src), src_row, static_cast<To*>(dst), dst_row,
               rows * columns, columns);
    });
  });
}

}  // namespace fk::cublaslt
