// SPDX-License-Identifier: Apache-2.0
// Rows found through an index: y[i] = f(x[index[i]]), a block a piece of a row.
#pragma once
#include "fk/device/pdl.cuh"
#include "row_map.cuh"

namespace fk::cuda {

// Bytes of one access that all the given addresses and byte strides allow: 16, 8, 4, 2 or 1.
inline int access_bytes(std::initializer_list<int64_t> multiples) {
  int64_t all = 16;
  for (int64_t m : multiples) all |= m < 0 ? -m : m;
  return int(all & -all);
}
inline int64_t address(const void* p) { return int64_t(reinterpret_cast<uintptr_t>(p)); }

// Calls f with a value of an integer type of that many bytes; 16 is uint4.
template <class F>
void with_access(int bytes, const F& f) {
  if (bytes == 16) return f(uint4());
  if (bytes == 8) return f(uint64_t());
  if (bytes == 4) return f(uint32_t());
  if (bytes == 2) return f(uint16_t());
  f(uint8_t());
}

struct CopyArgs {
  const char* x;
  char* y;
  const int32_t* index;
  int64_t x_row, y_row;    // bytes
  uint32_t units, x_rows;  // accesses a row; rows of x
};

// An index outside x writes zeros rather than reading what is not there.
template <class U>
__global__ void __launch_bounds__(256) copy_rows_kernel(CopyArgs a) {
  device::wait_for_previous();
  device::launch_next();
  const uint32_t at = blockIdx.y * blockDim.x + threadIdx.x, row = uint32_t(a.index[blockIdx.x]);
  if (at >= a.units) return;
  const U* from = reinterpret_cast<const U*>(a.x + row * a.x_row);
  reinterpret_cast<U*>(a.y + blockIdx.x * a.y_row)[at] = row < a.x_rows ? from[at] : U{};
}

inline void launch_copy_rows(CopyArgs a, int64_t count, int64_t row_bytes, cudaStream_t stream) {
  if (!count || !row_bytes) return;
  const int bytes = access_bytes({address(a.x), address(a.y), a.x_row, a.y_row, row_bytes});
  with_access(bytes, [&](auto unit) {
    a.units = uint32_t(row_bytes / bytes);
    const uint32_t threads = a.units >= 256 ? 256 : (a.units + 31) / 32 * 32;
    launch(copy_rows_kernel<decltype(unit)>,
           dim3(uint32_t(count), (a.units + threads - 1) / threads), dim3(threads), 0, stream, true,
           a);
  });
}

}  // namespace fk::cuda
