// SPDX-License-Identifier: Apache-2.0
// Rows between any strides: what TMA cannot address goes through scratch.
#pragma once
#include <cstdint>

#include "fk/cuda.hpp"
#include "fk/device/pdl.cuh"

namespace fk::cutlass_gemm {

inline constexpr int kRowThreads = 256;

template <class T>
__global__ void copy_rows_kernel(const T* from, int64_t from_row, T* to, int64_t to_row,
                                 int64_t columns) {
  device::launch_next();
  device::wait_for_previous();
  const int64_t row = blockIdx.x, column = int64_t(blockIdx.y) * kRowThreads + threadIdx.x;
  if (column < columns) to[row * to_row + column] = from[row * from_row + column];
}

// Elements are moved, not read: any type of T's size. Distances between rows in elements.
template <class T>
void launch_copy_rows(const void* from, int64_t from_row, void* to, int64_t to_row, int64_t rows,
                      int64_t columns, cudaStream_t stream) {
  launch(copy_rows_kernel<T>,
         dim3(unsigned(rows), unsigned((columns + kRowThreads - 1) / kRowThreads)), kRowThreads, 0,
         stream, true, static_cast<const T*>(from), from_row, static_cast<T*>(to), to_row, columns);
}

// Whether a matrix begins at a multiple of 16 bytes and so does each of its rows.
inline bool rows_aligned16(const void* data, int64_t rows, int64_t row, int64_t element) {
  return reinterpret_cast<uintptr_t>(data) % 16 == 0 && (rows < 2 || row * element % 16 == 0);
}

}  // namespace fk::cutlass_gemm
