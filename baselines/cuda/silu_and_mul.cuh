// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "map_rows.cuh"

namespace fk::cuda {

// The fast forms are off by a few units of 2^-22: nothing once rounded to 16 bits.
template <class T>
struct SiluTimes {
  __device__ float operator()(float gate, float up) const {
    if constexpr (sizeof(T) == 2) return __fdividef(gate, 1.f + __expf(-gate)) * up;
    return gate / (1.f + expf(-gate)) * up;
  }
};

// y = silu(x[:, :d]) * x[:, d:]. `vectors`: as for launch_map_rows, of x and of y.
template <class T>
void launch_silu_and_mul(const T* x, RowMap x_rows, T* y, RowMap y_rows, int64_t rows, int64_t d,
                         bool vectors, cudaStream_t stream) {
  MapArgs<T, 2> a{{x, x + d}, {x_rows, x_rows}, y, y_rows, 0, 0};
  launch_map_rows<T, 2>(a, rows, d, vectors, SiluTimes<T>(), stream);
}

}  // namespace fk::cuda
